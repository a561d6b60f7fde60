/* SPDX-License-Identifier: ISC */
/* For cppcheck, which reads no system headers: what their macros mean. */
#define TAILQ_HEAD(n, t)                                                       \
	struct n {                                                             \
		struct t *first;                                               \
	}
#define STAILQ_HEAD(n, t) TAILQ_HEAD(n, t)
#define TAILQ_ENTRY(t)                                                         \
	struct {                                                               \
		struct t *next;                                                \
	}
#define STAILQ_ENTRY(t)	  TAILQ_ENTRY(t)
#define TAILQ_FIRST(h)	  (h)->first
#define STAILQ_FIRST(h)	  (h)->first
#define TAILQ_NEXT(v, f)  (v)->f.next
#define STAILQ_NEXT(v, f) (v)->f.next
#define TAILQ_EMPTY(h)	  ((h)->first == NULL)
#define STAILQ_EMPTY(h)	  ((h)->first == NULL)
#define TAILQ_FOREACH(v, h, f)                                                 \
	for ((v) = (h)->first; (v) != NULL; (v) = (v)->f.next)
#define STAILQ_FOREACH(v, h, f) TAILQ_FOREACH(v, h, f)
#define TAILQ_FOREACH_SAFE(v, h, f, t)                                         \
	for ((v) = (h)->first; (v) != NULL && ((t) = (v)->f.next, 1); (v) = (t))
#define TAILQ_INSERT_TAIL(h, v, f)  ((h)->first = (v))
#define TAILQ_INSERT_HEAD(h, v, f)  ((h)->first = (v))
#define STAILQ_INSERT_TAIL(h, v, f) ((h)->first = (v))
#define json_array_foreach(a, i, v)                                            \
	for ((i) = 0; ((v) = json_array_get(a, i)) != NULL; (i)++)
#define json_object_foreach(a, k, v)                                           \
	for ((k) = json_key(a); ((v) = json_object_get(a, k)) != NULL;)
