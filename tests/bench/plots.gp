# SPDX-License-Identifier: ISC
# gnuplot -e "sessions='…'; clients='…'; out='…'" plots.gp: the charts.
set style data linespoints
set grid
set key top left
set logscale x
do for [kind in "png svg"] {
	if (kind eq "png") { set terminal pngcairo size 800,500 } else { set terminal svg size 800,500 }
	set xlabel "sessions stored"
	set ylabel "milliseconds a message (durable)"
	set yrange [0:*]
	set output out."/sessions-time.".kind
	plot sessions using 1:3 title "one at a time", sessions using 1:2 title "64 in flight"
	set logscale y
	set yrange [*:*]
	set ylabel "MiB"
	set output out."/sessions-size.".kind
	plot sessions using 1:($4/1024) title "memory not shared", sessions using 1:($5/1048576) title "database"
	set ylabel "seconds from start to first answer"
	set output out."/sessions-start.".kind
	plot sessions using 1:6 title "locked"
	unset logscale y
	set yrange [0:*]
	set xlabel "clients, each waits for its answers"
	set ylabel "messages a second (composed, encrypted, sent)"
	set output out."/clients-throughput.".kind
	plot clients using 1:2 title "all clients together"
	set ylabel "milliseconds (composed, encrypted)"
	set output out."/clients-latency.".kind
	plot clients using 1:($3*1000) title "median", clients using 1:($4*1000) title "slowest percentile"
	set output
}
