#!/bin/bash
# SPDX-License-Identifier: ISC
# certs.sh DIR: a CA for one test, DIR/ca.pem, and DIR/certs/HOST.{crt,key} for
# each of the lab's two hosts, of localhost (files) and of one that is no host.
set -eu
umask 077
dir=$1
mkdir -p "$dir/certs"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
# shellcheck disable=SC2086
openssl req -x509 $ec -days 2 -subj "/CN=lab CA" \
	-addext "keyUsage=critical,keyCertSign,cRLSign" \
	-keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
for host in capulet.lit montague.lit localhost other.invalid; do
	crt=$dir/certs/$host
	address=
	[ "$host" != localhost ] || address=,IP:127.0.0.1
	# shellcheck disable=SC2086
	openssl req -new $ec -subj "/CN=$host" -keyout "$crt.key" 2>/dev/null |
		openssl x509 -req -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
			-CAcreateserial -days 2 -out "$crt.crt" 2>/dev/null \
			-extfile <(echo "subjectAltName=DNS:$host$address")
done
