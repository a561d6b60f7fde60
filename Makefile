# xmpp-agent. GNU make.
#   make            build everything into build/ (O=dir: elsewhere; V=1: say how)
#   make check      all tests          make demo   see it work
#   make lint       warnings as errors, clang-tidy, cppcheck, shellcheck, mandoc
#   make SAN=address,undefined check   the same under sanitizers
# A new .c file in a folder is found by itself; main.c is the program, all
# else of the folder is linked into it and into the tests.
PREFIX     ?= /usr/local
DESTDIR    ?=
BINDIR      = $(PREFIX)/bin
LIBEXECDIR  = $(PREFIX)/libexec/xmpp-agent
MANDIR      = $(PREFIX)/share/man
CC         ?= cc
PKG_CONFIG ?= pkg-config
SAN        ?=
O          ?= build$(if $(SAN),-san)
VERSION     = 0.1

V ?= 0
Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-5s %s\n' $(1) $(2))

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wformat=2 \
	-Wswitch-enum -Wundef -Wwrite-strings -Wpointer-arith -Wcast-align \
	$(if $(WERROR),-Werror)
HARDEN = $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) \
	-fstack-protector-strong -fstack-clash-protection \
	-fPIE -fno-strict-overflow -fno-delete-null-pointer-checks \
	-ftrivial-auto-var-init=zero $(CET) $(CLANG_AUTOVAR)
# The same octets, wherever it is built.
SAME = -ffile-prefix-map=$(CURDIR)=.
CET := $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
CLANG_AUTOVAR := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined -DSANDBOX_LOG)
DEFS = -D_GNU_SOURCE -DOPENSSL_API_COMPAT=30000 -DOPENSSL_NO_DEPRECATED \
	-DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -DBINDIR='"$(BINDIR)"'
OPT ?= -O2 -g
ALL_CFLAGS = -std=c17 $(OPT) $(SAME) $(WARN) $(HARDEN) $(SANFLAGS) $(DEFS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed \
	$(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

pc = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
L_KEEPER = $(call pc,libcrypto libseccomp libbsd)
L_STORE  = $(call pc,sqlite3 libseccomp libbsd)
L_NET    = $(call pc,libstrophe expat libcrypto libseccomp libbsd) -lresolv
L_SCE    = $(call pc,expat libseccomp libbsd)
L_CIPHER = $(call pc,libcrypto libseccomp libbsd)
L_TRANSFER = $(call pc,libcurl libseccomp libbsd)
L_FRONT  = $(call pc,jansson libseccomp libbsd libmd) -linih -lm
L_KEY    = $(L_FRONT) $(call pc,libqrencode)

objs = $(patsubst %.c,$(O)/%.o,$(filter-out %/main.c %/store.c %/parser.c,$(wildcard $(1)/*.c)))
A_IPC     = $(O)/ipc.a
A_SANDBOX = $(O)/sandbox.a
A_CRYPTO  = $(O)/crypto.a
A_OMEMO   = $(O)/omemo.a
A_AGENT   = $(O)/agent.a
A_NET     = $(O)/net.a
A_FRONT   = $(O)/front.a
A_SCE     = $(O)/sce.a
A_COMMON  = $(O)/common.a
A_FILES   = $(O)/files.a
ARCHIVES  = $(A_IPC) $(A_SANDBOX) $(A_CRYPTO) $(A_OMEMO) $(A_AGENT) $(A_NET) \
	$(A_FRONT) $(A_SCE) $(A_COMMON) $(A_FILES) $(O)/chat.a $(O)/send.a $(O)/key.a \
	$(O)/cipher.a $(O)/transfer.a $(O)/get.a
PROGRAMS = $(addprefix $(O)/,xmpp-agent xmpp-agent-store xmpp-agent-parser xmpp-net xmpp-sce xmpp-chat \
	xmpp-send xmpp-key xmpp-get xmpp-cipher xmpp-transfer)

all: $(PROGRAMS)

$(A_IPC): $(call objs,ipc)
$(A_SANDBOX): $(call objs,sandbox)
$(A_CRYPTO): $(call objs,agent/crypto)
$(A_OMEMO): $(call objs,agent/omemo)
$(A_AGENT): $(call objs,agent)
$(A_NET): $(call objs,client/net)
$(A_FRONT): $(call objs,client/front)
$(A_SCE): $(call objs,client/sce)
$(A_COMMON): $(call objs,client/common)
$(A_FILES): $(call objs,client/files)
$(O)/chat.a: $(call objs,client/chat)
$(O)/send.a: $(call objs,client/send)
$(O)/key.a: $(call objs,client/key)
$(O)/cipher.a: $(call objs,client/cipher)
$(O)/transfer.a: $(call objs,client/transfer)
$(O)/get.a: $(call objs,client/get)
$(ARCHIVES):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

link = $(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1)
# Mode 0111: the kernel starts such a program non-dumpable (sandbox/README).
$(O)/xmpp-agent: $(O)/agent/main.o $(A_AGENT) $(A_OMEMO) $(A_CRYPTO) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_KEEPER))
	$(Q)chmod 0111 $@
$(O)/xmpp-agent-store: $(O)/agent/store.o $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_STORE))
	$(Q)chmod 0111 $@
# It alone of the agent has expat in it, and no key.
$(O)/xmpp-agent-parser: $(O)/agent/parser.o $(A_SCE) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_SCE))
	$(Q)chmod 0111 $@
$(O)/xmpp-net: $(O)/client/net/main.o $(A_NET) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_NET))
	$(Q)chmod 0111 $@
# With the agent's parser alone has expat in it, but for xmpp-net's library.
$(O)/xmpp-sce: $(O)/client/sce/main.o $(A_SCE) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_SCE))
	$(Q)chmod 0111 $@
$(O)/xmpp-chat: $(O)/client/chat/main.o $(O)/chat.a $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_FRONT))
	$(Q)chmod 0111 $@
$(O)/xmpp-send: $(O)/client/send/main.o $(O)/send.a $(A_FILES) $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_FRONT))
	$(Q)chmod 0111 $@
$(O)/xmpp-key: $(O)/client/key/main.o $(O)/key.a $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_KEY))
	$(Q)chmod 0111 $@
$(O)/xmpp-get: $(O)/client/get/main.o $(O)/get.a $(A_FILES) $(A_FRONT) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_FRONT))
	$(Q)chmod 0111 $@
$(O)/xmpp-cipher: $(O)/client/cipher/main.o $(O)/cipher.a $(A_FILES) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_CIPHER))
	$(Q)chmod 0111 $@
$(O)/xmpp-transfer: $(O)/client/transfer/main.o $(O)/transfer.a $(A_FILES) $(A_COMMON) $(A_SANDBOX) $(A_IPC)
	$(call say,LINK,$@)
	$(Q)rm -f $@
	$(call link,$(L_TRANSFER))
	$(Q)chmod 0111 $@

# Completions and units, from one table of verbs and with the true paths.
SHELLS = bash zsh fish
UNITS  = user/xmpp-agent.socket user/xmpp-agent.service system/xmpp-agent-lock@.service
SHARED = $(addprefix $(O)/share/,$(addprefix xmpp-key.,$(SHELLS)) $(addprefix systemd/,$(UNITS)))
$(O)/share/xmpp-key.%: $(O)/xmpp-key
	$(call say,MAKE,$@)
	$(Q)mkdir -p $(@D) && $(O)/xmpp-key --completion $* >$@
$(O)/share/systemd/%: share/systemd/%.in Makefile
	$(Q)mkdir -p $(@D) && sed 's,@BINDIR@,$(BINDIR),g' $< >$@
$(O)/share/systemd/%: share/systemd/%
	$(Q)mkdir -p $(@D) && cp $< $@
D = $(DESTDIR)$(PREFIX)
MANUALS = $(notdir $(wildcard man/*.1))
BINS = xmpp-agent xmpp-chat xmpp-send xmpp-key xmpp-get
LIBEXECS = xmpp-agent-store xmpp-agent-parser xmpp-net xmpp-sce xmpp-cipher xmpp-transfer
INSTALLED = \
	$(addprefix $(DESTDIR)$(BINDIR)/,$(BINS)) \
	$(addprefix $(DESTDIR)$(LIBEXECDIR)/,$(LIBEXECS) xmpp-agent-askpass-pinentry) \
	$(addprefix $(DESTDIR)$(MANDIR)/man1/,$(MANUALS)) \
	$(addprefix $D/share/bash-completion/completions/,xmpp-key xmpp-chat xmpp-send) \
	$D/share/zsh/site-functions/_xmpp-key \
	$D/share/fish/vendor_completions.d/xmpp-key.fish \
	$(addprefix $D/lib/systemd/,$(UNITS)) \
	$D/lib/environment.d/60-xmpp-agent.conf

install: all $(SHARED)
	install -d $(sort $(dir $(INSTALLED)))
	install -m 0111 $(addprefix $(O)/,$(BINS)) $(DESTDIR)$(BINDIR)
	install -m 0111 $(addprefix $(O)/,$(LIBEXECS)) $(DESTDIR)$(LIBEXECDIR)
	install -m 0555 share/libexec/* $(DESTDIR)$(LIBEXECDIR)
	install -m 0444 man/*.1 $(DESTDIR)$(MANDIR)/man1
	install -m 0444 $(O)/share/xmpp-key.bash $D/share/bash-completion/completions/xmpp-key
	ln -sf xmpp-key $D/share/bash-completion/completions/xmpp-chat
	ln -sf xmpp-key $D/share/bash-completion/completions/xmpp-send
	install -m 0444 $(O)/share/xmpp-key.zsh $D/share/zsh/site-functions/_xmpp-key
	install -m 0444 $(O)/share/xmpp-key.fish $D/share/fish/vendor_completions.d
	install -m 0444 $(O)/share/systemd/user/* $D/lib/systemd/user
	install -m 0444 $(O)/share/systemd/system/* $D/lib/systemd/system
	install -m 0444 share/environment.d/60-xmpp-agent.conf $D/lib/environment.d

uninstall:
	rm -f $(INSTALLED)
	-rmdir $(DESTDIR)$(LIBEXECDIR)

include tests/tests.mk

clean:
	rm -rf build build-san build-clang build-fuzz

.PHONY: all install uninstall clean
.SUFFIXES:
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
