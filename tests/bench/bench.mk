# make bench-durable: durable messages a second (tests/bench/durable.c)
$(O)/bench/%: $(O)/tests/bench/%.o $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call pc,sqlite3) -lbsd
bench-durable:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory all $(O)/bench/durable
	$(Q)tests/lab/world -o $(O) tests/bench/durable.sh
.PHONY: bench-durable
