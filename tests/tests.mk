# Tests, included by the Makefile (tests/README.md).
#   tests/unit/test_X.c        a cmocka program, linked with all of our code
#   tests/fuzz/fuzz_X.c        a libFuzzer target; corpus in tests/fuzz/corpus/X,
#                              replayed by the ordinary tests
#   tests/regress/X.sh, tests/interop/X.sh   whole programs; exit 0: passed
#   tests/support/X.c          programs that the scripts use, in $(O)/test
L_TEST = -lcmocka $(sort $(L_KEEPER) $(L_STORE) $(L_NET) $(L_KEY) $(L_TRANSFER)) -lm
UNIT = $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(O)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
SEEDED = $(addprefix $(O)/test/seeded/,xmpp-agent xmpp-agent-store xmpp-agent-parser)
SUPPORT = $(addprefix $(O)/test/,json_pick hunt novdso attack protocol_index rows mute ct failio.so) $(SEEDED)
$(O)/test/failio.so: tests/support/failio.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O2 $(WARN) -shared -fPIC -o $@ $<
$(O)/tests/test_store: | $(O)/test/failio.so
include tests/interop/oracle.mk
include tests/chaos/chaos.mk
include tests/bench/bench.mk
include tests/prisoner/prisoner.mk
include tests/fuzz/afl.mk
# Everything twice: the archives need each other.
TEST_ARCHIVES = -Wl,--start-group $(ARCHIVES) -Wl,--end-group
deps = tests/lab/deps.sh

$(UNIT): $(O)/tests/%: $(O)/tests/unit/%.o $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(TEST_ARCHIVES) $(L_TEST)

# What fails there, one after the other (tests/unit/test_keeper_faults.c).
WRAPPED = malloc calloc realloc reallocarray recallocarray strdup \
	CRYPTO_secure_zalloc CRYPTO_zalloc EVP_CIPHER_CTX_new EVP_MD_CTX_new \
	RAND_bytes RAND_priv_bytes EVP_CipherFinal_ex EVP_DigestFinal_ex \
	EVP_PKEY_derive abort dispatch records_flush records_frame vault_frame
comma = ,
$(O)/tests/test_keeper_faults: ALL_LDFLAGS += \
	$(foreach f,$(WRAPPED),-Wl$(comma)--wrap=$f)

# What xmpp-net would send (tests/unit/net_world.h).
$(O)/tests/test_net_rooms: ALL_LDFLAGS += -Wl,--wrap=login_send

# FUZZING=1 (make fuzz): clang's driver; otherwise one that replays a corpus.
FUZZ_MAIN = $(if $(FUZZING),-fsanitize=fuzzer,$(O)/tests/fuzz/replay.o)
$(FUZZ): $(O)/tests/%: $(O)/tests/fuzz/%.o $(if $(FUZZING),,$(O)/tests/fuzz/replay.o) $(ARCHIVES)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(TEST_ARCHIVES) $(L_TEST)

$(O)/test/%: $(O)/tests/support/%.o $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(call pc,jansson libcrypto sqlite3) -lbsd
# Every secret undefined, for valgrind; public again where these are called.
$(O)/test/ct: $(O)/tests/support/ct.o $(A_OMEMO) $(A_CRYPTO) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=random_secret \
		-Wl,--wrap=secret_equal,--wrap=crypto_import_public \
		-Wl,--wrap=crypto_ed25519_sign,--wrap=crypto_x25519 \
		-Wl,--wrap=crypto_cbc_decrypt -o $@ $^ $(call pc,libcrypto) -lbsd
# The agent as installed, but its randomness is drawn from a seed that the
# memory hunt knows too.
$(O)/test/seeded/xmpp-agent: $(O)/agent/main.o $(O)/tests/support/random_seeded.o \
		$(A_AGENT) $(A_OMEMO) $(A_CRYPTO) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(call link,$(L_KEEPER))
	$(Q)chmod 0111 $@
$(O)/test/seeded/xmpp-agent-%: $(O)/xmpp-agent-%
	$(Q)mkdir -p $(@D)
	$(Q)ln -f $< $@

ifneq ($(SAN),)
$(PROGRAMS): $(O)/tests/support/sanitizer.o
endif

unit: $(UNIT) $(FUZZ)
tests: all unit $(SUPPORT) $(SHARED)

# all of it, installation included
check:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)SAN='$(SAN)' tests/run -o $(O)

# make hostile: each process, each link, a contact and a server mean ill
HOSTILE = hostile unit/test_records unit/test_store unit/test_vault \
	unit/test_keeper_rights unit/test_keeper_limits unit/test_net \
	regress/net-contact regress/net-liar regress/clients-many \
	regress/agent-ask regress/descriptors regress/walls
hostile:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)SAN='$(SAN)' tests/run -o $(O) $(HOSTILE)

interop:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)SAN='$(SAN)' tests/run -o $(O) -v interop/

# Clients with windows, by hand: as root, for they find the lab's certificates
# in the system's place.
interop-gui:
	$(Q)$(deps) build test gui
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)for f in tests/interop-gui/*.sh; do timeout -s KILL 300 \
		tests/lab/world -p -o $(O) /mnt/tree/$$f || exit 1; done


# make faults: what fails, one after the other, and whole programs that die
faults:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)tests/run -o $(O) -v test_keeper_faults test_store test_records \
		regress/disk regress/move-crash regress/rotate-killed

demo:
	$(Q)$(deps) build test
	$(Q)tests/demo.sh $(O)

# an identity replaced and destroyed, before profanity's eyes
demo-rotate:
	$(Q)$(deps) build test
	$(Q)tests/demo-rotate.sh $(O)

# a room of three, one of them on profanity
demo-room:
	$(Q)$(deps) build test
	$(Q)tests/demo-room.sh $(O)

# make fuzz T=60 [F=frame]: each target (or that one) for so many seconds
T ?= 60
fuzz:
	$(Q)$(deps) build test fuzz
	$(Q)+$(MAKE) --no-print-directory O=build-fuzz CC=clang FUZZING=1 \
		SAN=address,undefined CFLAGS=-fsanitize=fuzzer-no-link unit-fuzz
	$(Q)for f in build-fuzz/tests/fuzz_$(or $(F),*); do \
		n=$${f##*/fuzz_}; mkdir -p build-fuzz/corpus/$$n; echo "fuzz $$n"; \
		$$f -max_total_time=$(T) -timeout=10 -print_final_stats=1 \
			-artifact_prefix=build-fuzz/$$n- build-fuzz/corpus/$$n \
			$$(ls -d tests/fuzz/corpus/$$n 2>/dev/null) || exit 1; done
unit-fuzz: $(FUZZ)

# make fuzz-replay: every corpus, cut and with bits turned, under sanitizers
fuzz-replay:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory SAN=address,undefined unit-fuzz
	$(Q)SAN=address,undefined tests/run -o build-san fuzz/
.PHONY: fuzz-replay

# make cov: which lines of the keeper's files the unit programs and corpora run
# (test_store's store is another process, and its walls refuse the figures)
cov:
	$(Q)$(deps) build test
	$(Q)+$(MAKE) --no-print-directory O=build-cov OPT='-O0 -g' \
		CFLAGS=--coverage LDFLAGS=--coverage \
		unit build-cov/test/omemo_oracle build-cov/xmpp-agent-store
	$(Q)find build-cov -name '*.gcda' -delete
	$(Q)chmod -R a+rwX build-cov
	$(Q)COVERED=1 tests/run -o build-cov fuzz/ \
		$(patsubst tests/%.c,%,$(filter-out %/test_store.c,$(wildcard tests/unit/test_*.c)))
	$(Q)python3 tests/cov.py build-cov 90

# PROTOCOL.md's index of messages comes from ipc/messages.c.
PROTOCOL.md: ipc/messages.c $(O)/test/protocol_index
	$(Q)$(O)/test/protocol_index $@ >$@.new && mv $@.new $@

# --- lint ---------------------------------------------------------------------
C_ALL = $(shell git ls-files '*.c')
H_ALL = $(shell git ls-files '*.h')
SH_ALL = $(shell git ls-files '*.sh') tests/run tests/fuzz/afl tests/lab/world \
	tests/lab/world-inside tests/lab/drop .ci/run \
	$(wildcard share/libexec/*)
lint:
	$(Q)$(deps) build test lint
	$(Q)+$(MAKE) --no-print-directory lint-gcc lint-clang lint-format lint-words \
		lint-shell lint-man lint-cppcheck lint-tidy
	@echo "lint: clean"
lint-gcc:
	$(Q)+$(MAKE) --no-print-directory O=build-gcc CC=gcc WERROR=1 tests
lint-clang:
	$(Q)+$(MAKE) --no-print-directory O=build-clang CC=clang WERROR=1 tests
lint-format:
	$(call say,LINT,clang-format)
	$(Q)clang-format --dry-run -Werror $(C_ALL) $(H_ALL)
# What the keeper's walls kill: glibc's qsort asks for the memory's size.
# And no maximum without a test that names it, no claim by a test that is none.
lint-words:
	$(call say,LINT,words)
	$(Q)! grep -nE '\b(qsort|strcpy|strcat|sprintf)\(' $(filter agent/% ipc/%,$(C_ALL))
	$(Q)for l in $$(grep -o 'define LIMIT_[A-Z0-9_]*' agent/limits.h); do \
		[ $$l = define ] || grep -qw $$l tests/unit/*.c || \
		{ echo "agent/limits.h: $$l: no test names it"; exit 1; }; done
	$(Q)for f in $$(grep -oE '`(unit|regress)/[a-z0-9_-]+\.(c|sh)`' THREATS.md | tr -d '`'); do \
		[ -f tests/$$f ] || { echo "THREATS.md: $$f: no such test"; exit 1; }; done
lint-shell:
	$(call say,LINT,shellcheck)
	$(Q)shellcheck -x -P tests/lab $(SH_ALL)
lint-man:
	$(call say,LINT,mandoc)
	$(Q)mandoc -T lint -W warning man/*.1
lint-cppcheck:
	$(call say,LINT,cppcheck)
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 -j2 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=funcArgOrderDifferent \
		--suppress=memleak --suppress=uninitvar --include=tests/support/cppcheck.h \
		-D__x86_64__ $(C_ALL)
lint-tidy:
	$(call say,LINT,clang-tidy)
	$(Q)printf '%s\n' $(C_ALL) | xargs -P2 -n4 sh -c 'out=$$(clang-tidy \
		--quiet --warnings-as-errors="*" "$$@" 2>&1) || \
		{ echo "$$out"; exit 1; }' sh
.PHONY: unit tests check interop interop-gui hostile faults demo demo-rotate demo-room fuzz unit-fuzz cov lint lint-gcc lint-clang \
	lint-format lint-words lint-shell lint-man lint-cppcheck lint-tidy
