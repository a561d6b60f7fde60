/* SPDX-License-Identifier: ISC */
/*
 * Work that never changes, for counting instructions (regress/instructions.sh):
 * two keepers in this process with stores that answer at once; messages with a
 * DH step each, messages of one chain, first messages. Only fixed_work is
 * counted.
 */
#include "../unit/check.h"
/* after it */
#include "../unit/keeper_flow.h"

#define TURNS 16 /* there and back: a DH step each */
#define CHAIN 32 /* one way */

void fixed_work(struct stage *);

__attribute__((noinline)) void
fixed_work(struct stage *s)
{
	uint8_t handle[HANDLE_SIZE];
	char id[32];
	int i;

	for (i = 0; i < TURNS; i++) {
		snprintf(id, sizeof id, "there-%d", i);
		send_text(&s->juliet, &s->romeo, id, "there", handle);
		expect_message(&s->romeo, handle, "there", JULIET, i == 0);
		snprintf(id, sizeof id, "back-%d", i);
		send_text(&s->romeo, &s->juliet, id, "back", handle);
		expect_message(&s->juliet, handle, "back", ROMEO, i == 0);
	}
	for (i = 0; i < CHAIN; i++) {
		snprintf(id, sizeof id, "chain-%d", i);
		send_text(&s->juliet, &s->romeo, id, "chain", handle);
		expect_message(&s->romeo, handle, "chain", JULIET, 0);
	}
}

static void
work(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	fixed_work(&s);
	stage_close(&s);
}

static int
setup(void **state)
{
	(void)state;
	world_setup();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
