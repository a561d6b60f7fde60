# make chaos N=2000 [SEED=…]: so many kills (tests/chaos/chaos.py). What is
# needed to look into a failure is kept in /var/tmp/xmpp-agent-chaos.
N ?= 200
chaos:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)rm -rf /var/tmp/xmpp-agent-chaos
	$(Q)tests/lab/world -o $(O) python3 tests/chaos/chaos.py -n $(N) \
		$(if $(SEED),-s $(SEED)) -k /var/tmp/xmpp-agent-chaos
.PHONY: chaos

# make soak [S=600]: so many seconds of traffic from 16 clients
S ?= 600
soak:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)tests/lab/world -o $(O) python3 tests/chaos/soak.py -t $(S)
.PHONY: soak
