# make fuzz-afl T=60 [F=frame]: the targets of make fuzz under AFL++, each (or
# that one) for so many seconds, by the same driver; those of tests/fuzz/shapes.h
# with mutations of whole records. A row each; fails if one crashed or hung.
# By hand: needs afl++, which only this installs.
fuzz-afl:
	$(Q)$(deps) build test fuzz afl
	$(Q)+$(MAKE) --no-print-directory O=build-afl CC=afl-clang-fast FUZZING=1 \
		SAN=address,undefined unit-fuzz \
		build-afl/mutate_dispatch.so build-afl/mutate_omemo_session.so
	$(Q)tests/fuzz/afl build-afl $(T) $(F)
build-afl/mutate_%.so: tests/fuzz/mutate_afl.c tests/fuzz/shapes.h tests/fuzz/mutate.h
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang -std=c17 -O2 $(WARN) -shared -fPIC \
		$(if $(filter dispatch,$*),-DSHAPE_DISPATCH) -o $@ $<
.PHONY: fuzz-afl
