/* SPDX-License-Identifier: ISC */
/*
 * The connection to the keeper, restricted by the starter to "info network"
 * for one account. Runs in xmpp-net; the keeper decides everything here.
 */
#include <stdlib.h>
#include <string.h>

#include "net.h"

static void
on_event(void *arg, uint8_t type, struct reader *body)
{
	struct net *net = arg;
	uint8_t handle[HANDLE_SIZE];
	char account[LIMIT_JID + 1];

	if (net->looks) {
		return; /* it asks nothing of the keeper */
	} else if (type == M_EVENT_LOCKED) {
		net_leave(net, NET_EXIT_KEEPER, "the agent is locked");
	} else if (type == M_EVENT_WORK) {
		work_ask(net);
	} else if (type == M_EVENT_READY) {
		reader_cstring(body, account, sizeof(account));
		reader_fixed(body, handle, sizeof(handle));
		if (body->err == 0)
			outgoing_ready(net, handle);
	}
}

static void
on_closed(void *arg, int err)
{
	struct net *net = arg;

	net->keeper_lost = 1;
	net_leave(net, NET_EXIT_KEEPER, "the agent is gone: %s", err_text(err));
}

static const struct agent_handler handler = {
	.event = on_event,
	.closed = on_closed,
};

int
keeper_attach(struct net *net, int fd)
{
	int err;

	buffer_init(&net->body, FRAME_MAX);
	if ((net->keeper = agent_new_greeted(fd, &err)) == NULL)
		return err;
	return agent_attach(net->keeper, net->loop, &handler, net);
}

struct buffer *
keeper_body(struct net *net)
{
	buffer_clear(&net->body);
	buffer_put_cstring(&net->body, net->account);
	return &net->body;
}

struct call { /* one request on its way */
	struct net *net;
	keeper_done *done;
	void *arg;
};

static void
on_reply(void *arg, int err, struct reader *reply)
{
	struct call *call = arg;

	if (err == ERR_LOCKED)
		net_leave(call->net, NET_EXIT_KEEPER, "the agent is locked");
	if (err == ERR_DOUBT) /* until the user says what it is */
		net_leave(call->net, NET_EXIT_LOST, "%s", err_text(err));
	call->done(call->arg, err, reply);
	free(call);
}

void
keeper_request(struct net *net, uint8_t type, keeper_done *done, void *arg)
{
	struct call *call;
	int err = net->body.err;

	if (net->keeper == NULL || net->keeper_lost)
		err = ERR_EOF;
	if (err != 0 || (call = malloc(sizeof(*call))) == NULL) {
		done(arg, err != 0 ? err : ERR_MEMORY, NULL);
		return;
	}
	*call = (struct call){ net, done, arg };
	err = agent_request(net->keeper, type, &net->body, on_reply, call);
	if (err != 0) {
		free(call);
		done(arg, err, NULL);
	}
}

const char *
keeper_why(struct net *net, int err)
{
	const char *text = agent_error(net->keeper);

	return *text != '\0' ? text : err_text(err);
}

int
keeper_may_retry(int err)
{
	return err == ERR_FULL || err == ERR_BUSY || err == ERR_RETRY ||
	    err == ERR_STORE || err == ERR_LOCKED || err == ERR_EOF ||
	    err == ERR_MEMORY;
}
