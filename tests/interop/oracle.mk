# The counterpart of tests/unit/test_omemo_oracle.c: Debian's libomemo-c,
# driven by lines. Not our code's flags: it uses OpenSSL's old calls.
$(O)/test/omemo_oracle: tests/interop/omemo_oracle.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O2 -w \
		-I/usr/include/omemo -o $@ $< -lomemo-c -lcrypto
$(O)/tests/test_omemo_oracle: | $(O)/test/omemo_oracle
SUPPORT += $(O)/test/omemo_oracle
