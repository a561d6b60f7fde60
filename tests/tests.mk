# Tests, included by the Makefile.
#   tests/unit/test_X.c        a cmocka program, linked with all of our code
#   tests/fuzz/fuzz_X.c        a libFuzzer target; corpus in tests/fuzz/corpus/X,
#                              replayed by the ordinary tests
#   tests/regress/X.sh, tests/interop/X.sh   whole programs; exit 0: passed
L_TEST = -lcmocka $(sort $(L_KEEPER) $(L_STORE) $(L_NET) $(L_FRONT)) -lm
UNIT = $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(O)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
SUPPORT = $(patsubst %.c,$(O)/%.o,$(wildcard tests/support/*.c))
# Everything twice: the archives need each other.
TEST_ARCHIVES = -Wl,--start-group $(ARCHIVES) -Wl,--end-group

$(UNIT): $(O)/tests/%: $(O)/tests/unit/%.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(TEST_ARCHIVES) $(L_TEST)
$(FUZZ): $(O)/tests/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/replay.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(O)/tests/fuzz/replay.o $(TEST_ARCHIVES) $(L_TEST)

unit: $(UNIT) $(FUZZ)
.PHONY: unit
