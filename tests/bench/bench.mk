# make bench: our side and the peers, measured in one run (doc/BENCH.md).
# make bench-durable: durable messages a second (tests/bench/durable.c)
B = $(O)/bench
BENCH_OURS = $(addprefix $(O)/tests/bench/,ours.o client.o contact.o)
$(B)/ours: $(BENCH_OURS) $(A_OMEMO) $(A_CRYPTO) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(L_KEEPER)
# The agent as installed, but OPEN signs.
$(B)/sign/xmpp-agent: $(O)/agent/main.o $(O)/tests/bench/bench_sign.o \
		$(A_AGENT) $(A_OMEMO) $(A_CRYPTO) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(call link,$(L_KEEPER))
	$(Q)chmod 0111 $@
# The agent as installed, but a contact may have 1,024 devices, and a
# transaction their sessions.
$(B)/wide/xmpp-agent: FORCE
	$(Q)+$(MAKE) --no-print-directory O=$(B)/wide \
		CFLAGS="-DLIMIT_DEVICES=1024 -DTXN_OCTETS=1572864" \
		$(addprefix $(B)/wide/,xmpp-agent xmpp-agent-store xmpp-agent-parser)
$(B)/sign/xmpp-agent-%: $(O)/xmpp-agent-%
	$(Q)mkdir -p $(@D) && ln -f $< $@
$(B)/plain/xmpp-sce: $(O)/xmpp-sce
	$(Q)mkdir -p $(@D) && ln -f $< $@
# xmpp-chat and xmpp-net as installed, but in clear.
$(B)/plain/xmpp-chat: $(O)/client/chat/main.o $(O)/tests/bench/plain_front.o \
		$(O)/chat.a $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(call link,$(L_FRONT))
	$(Q)chmod 0111 $@
$(B)/plain/xmpp-net: $(O)/client/net/main.o $(O)/tests/bench/plain_net.o \
		$(O)/tests/bench/plain_shown.o $(A_NET) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(call link,$(L_NET))
	$(Q)chmod 0111 $@
# Theirs: not our flags, they use OpenSSL's old calls.
$(B)/peer_omemo: tests/bench/peer_omemo.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O2 -w -I/usr/include/omemo -o $@ $< -lomemo-c \
		-lcrypto -lsqlite3
$(B)/peer_agents $(B)/starts: $(B)/%: $(O)/tests/bench/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^
$(B)/durable: $(O)/tests/bench/durable.o $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call pc,sqlite3) -lbsd
BENCH = $(B)/ours $(B)/peer_omemo $(B)/peer_agents $(B)/starts $(B)/wide/xmpp-agent \
	$(addprefix $(B)/sign/,xmpp-agent xmpp-agent-store xmpp-agent-parser) \
	$(addprefix $(B)/plain/,xmpp-chat xmpp-net xmpp-sce)
bench:
	$(Q)$(deps) build test bench
	$(Q)+$(MAKE) --no-print-directory all $(SUPPORT) $(BENCH)
	$(Q)tests/lab/world -p -o $(O) tests/bench/bench.sh 3>bench.json.new
	$(Q)mv bench.json.new bench.json
# How it grows, drawn into doc/.
bench-plots:
	$(Q)$(deps) build test bench
	$(Q)+$(MAKE) --no-print-directory all $(SUPPORT) $(B)/ours $(B)/starts
	$(Q)mkdir -p doc
	$(Q)tests/lab/world -p -o $(O) tests/bench/growth.sh 3>$(B)/sessions.dat \
		4>$(B)/clients.dat
	$(Q)gnuplot -e "sessions='$(B)/sessions.dat'; clients='$(B)/clients.dat'; \
		out='doc'" tests/bench/plots.gp
bench-durable:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory all $(B)/durable
	$(Q)tests/lab/world -o $(O) tests/bench/durable.sh
.PHONY: bench bench-plots bench-durable FORCE
