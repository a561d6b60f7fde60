# make prisoner: the programs as installed, with a prisoner linked in
# (tests/prisoner/prisoner.h), and what their walls say to it.
P = $(O)/test/prisoner
PRISONER_O = $(addprefix $(O)/tests/prisoner/,wrap.o all.o live.o)
PRISONERS = $(addprefix $P/,xmpp-agent xmpp-agent-store xmpp-agent-parser \
	xmpp-net xmpp-sce xmpp-cipher xmpp-transfer xmpp-chat xmpp-get plan)
ifeq ($(SAN)$(filter-out x86_64,$(shell uname -m)),)
SUPPORT += $(PRISONERS)
endif
prison = $(Q)mkdir -p $(@D) && rm -f $@ && $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
	-Wl,--wrap=sandbox_enter,--wrap=sandbox_landlock_abi \
	-Wl,--wrap=seccomp_rule_add_array,--wrap=seccomp_load \
	-o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) && chmod 0111 $@

$P/xmpp-agent: $(O)/agent/main.o $(PRISONER_O) $(A_AGENT) $(A_OMEMO) $(A_CRYPTO) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_KEEPER))
$P/xmpp-agent-store: $(O)/agent/store.o $(PRISONER_O) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_STORE))
$P/xmpp-agent-parser: $(O)/agent/parser.o $(PRISONER_O) $(A_SCE) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_SCE))
$P/xmpp-net: $(O)/client/net/main.o $(PRISONER_O) $(A_NET) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_NET))
$P/xmpp-chat: $(O)/client/chat/main.o $(PRISONER_O) $(O)/chat.a $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_FRONT))
$P/xmpp-sce: $(O)/client/sce/main.o $(PRISONER_O) $(A_SCE) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_SCE))
$P/xmpp-cipher: $(O)/client/cipher/main.o $(PRISONER_O) $(O)/cipher.a $(A_FILES) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_CIPHER))
$P/xmpp-transfer: $(O)/client/transfer/main.o $(PRISONER_O) $(O)/transfer.a $(A_FILES) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(call prison,$(L_TRANSFER))
# No role of its own; starts those beside it.
$P/xmpp-get: $(O)/xmpp-get
	$(Q)mkdir -p $(@D) && ln -f $< $@
$P/plan: $(O)/tests/prisoner/plan.o $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call pc,libseccomp)

prisoner:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)tests/run -o $(O) -v regress/prisoner unit/test_policy unit/test_sandbox
.PHONY: prisoner
# By hand: each row of the keeper's table is taken away, and the test named that
# fails without it; fails on a row that none needs. Some minutes.
prisoner-needs:
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)python3 tests/prisoner/needs.py $(O)
.PHONY: prisoner-needs
