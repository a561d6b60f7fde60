/* SPDX-License-Identifier: ISC */
/*
 * Completions for bash, zsh and fish, from xmpp-key's one table of verbs. Runs
 * at build time; holds nothing.
 */
#include "completion.h"

#include <stdio.h>
#include <string.h>

static const char common[] =
    "--json --name --timeout --passphrase-file --passphrase-command "
    "--help --version";

/* Each "--option" of a verb's usage. */
static void
each_option(const struct verb *verb, void (*fn)(const char *option, size_t len))
{
	const char *p = verb->usage;

	while ((p = strstr(p, "--")) != NULL) {
		size_t len =
		    2 + strspn(p + 2, "abcdefghijklmnopqrstuvwxyz0123456789-");

		fn(p, len);
		p += len;
	}
}

static void
option_word(const char *option, size_t len)
{
	printf(" %.*s", (int)len, option);
}

static void
option_fish(const char *option, size_t len)
{
	printf(" -l %.*s", (int)len - 2, option + 2);
}

static int
is_file_operand(const struct verb *verb)
{
	return strstr(verb->usage, "FILE") != NULL;
}

static void
print_bash(const struct verb *verbs, size_t n)
{
	printf(
	    "# xmpp-key, xmpp-chat, xmpp-send: made from xmpp-key's verbs\n"
	    "_xmpp_accounts() { xmpp-key list 2>/dev/null | sed -n 's/ (device .*//p'; }\n"
	    "_xmpp_key() {\n"
	    "\tlocal word=${COMP_WORDS[COMP_CWORD]} verb= w words=\n"
	    "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n"
	    "\t*-file) compopt -o filenames; COMPREPLY=($(compgen -f -- "
	    "\"$word\")); return ;;\n"
	    "\t*-command) COMPREPLY=($(compgen -c -- \"$word\")); return "
	    ";;\n"
	    "\tesac\n"
	    "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	    "\t\tcase $w in -*) ;; *) verb=$w; break ;; esac\n"
	    "\tdone\n"
	    "\tcase $verb in\n"
	    "\t'') words='");
	for (size_t i = 0; i < n; i++)
		printf("%s ", verbs[i].name);
	printf("%s' ;;\n", common);
	for (size_t i = 0; i < n; i++) {
		printf("\t%s) words=\"%s", verbs[i].name, common);
		each_option(&verbs[i], option_word);
		if (verbs[i].jids > 0)
			printf(" $(_xmpp_accounts)");
		printf("\"");
		if (is_file_operand(&verbs[i]))
			printf("; compopt -o filenames; "
			       "COMPREPLY=($(compgen -f -- \"$word\"))");
		printf(" ;;\n");
	}
	printf("\tesac\n"
	       "\tCOMPREPLY+=($(compgen -W \"$words\" -- \"$word\"))\n"
	       "}\n"
	       "_xmpp_front() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
	       "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n"
	       "\t*-file) compopt -o filenames; COMPREPLY=($(compgen -f -- "
	       "\"$word\")); return ;;\n"
	       "\tesac\n"
	       "\tCOMPREPLY=($(compgen -W \"--json --host --port --ca-file "
	       "--password-file --password-command --name --help --version "
	       "$(_xmpp_accounts)\" -- \"$word\"))\n"
	       "}\n"
	       "complete -F _xmpp_key xmpp-key\n"
	       "complete -F _xmpp_front xmpp-chat xmpp-send\n");
}

static void
print_zsh(const struct verb *verbs, size_t n)
{
	printf("#compdef xmpp-key\n# made from xmpp-key's verbs\n"
	       "local -a verbs accounts\n"
	       "verbs=(\n");
	for (size_t i = 0; i < n; i++)
		printf("\t\"%s:%s\"\n", verbs[i].name, verbs[i].what);
	printf(")\n"
	       "case ${words[CURRENT-1]} in\n"
	       "*-file) _files; return ;;\n"
	       "*-command) _command_names; return ;;\n"
	       "esac\n"
	       "local verb=${${words[2,CURRENT-1]:#-*}[1]}\n"
	       "case $verb in\n"
	       "'') _describe verb verbs; compadd -- %s; return ;;\n",
	    common);
	for (size_t i = 0; i < n; i++) {
		printf("%s) compadd -- %s", verbs[i].name, common);
		each_option(&verbs[i], option_word);
		if (verbs[i].jids > 0)
			printf(
			    "; accounts=(${(f)\"$(xmpp-key list 2>/dev/null "
			    "| sed -n 's/ (device .*//p')\"}); compadd -a accounts");
		if (is_file_operand(&verbs[i]))
			printf("; _files");
		printf(" ;;\n");
	}
	printf("esac\n");
}

static void
print_fish(const struct verb *verbs, size_t n)
{
	printf("# made from xmpp-key's verbs\n"
	       "set -l verbs");
	for (size_t i = 0; i < n; i++)
		printf(" %s", verbs[i].name);
	printf("\ncomplete -c xmpp-key -f\n"
	       "complete -c xmpp-key -l json -l help -l version\n"
	       "complete -c xmpp-key -x -l name -l timeout\n"
	       "complete -c xmpp-key -r -F -l passphrase-file\n"
	       "complete -c xmpp-key -r -l passphrase-command\n");
	for (size_t i = 0; i < n; i++) {
		printf("complete -c xmpp-key -n \"not __fish_seen_subcommand_"
		       "from $verbs\" -a %s -d \"%s\"\n",
		    verbs[i].name, verbs[i].what);
		if (strstr(verbs[i].usage, "--") != NULL) {
			printf("complete -c xmpp-key -n "
			       "'__fish_seen_subcommand_from %s'",
			    verbs[i].name);
			each_option(&verbs[i], option_fish);
			printf("\n");
		}
		if (verbs[i].jids > 0)
			printf(
			    "complete -c xmpp-key -n "
			    "'__fish_seen_subcommand_from %s' -a '(xmpp-key "
			    "list 2>/dev/null | sed -n \"s/ (device .*//p\")'\n",
			    verbs[i].name);
		if (is_file_operand(&verbs[i]))
			printf("complete -c xmpp-key -n "
			       "'__fish_seen_subcommand_from %s' -F\n",
			    verbs[i].name);
	}
}

int
completion_print(const char *shell, const struct verb *verbs, size_t n)
{
	if (strcmp(shell, "bash") == 0)
		print_bash(verbs, n);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(verbs, n);
	else if (strcmp(shell, "fish") == 0)
		print_fish(verbs, n);
	else
		return fail_usage(shell, "bash, zsh or fish");
	return fflush(stdout) == 0 ? DONE : REFUSED;
}
