/* SPDX-License-Identifier: ISC */
/*
 * A small interpreter of classic BPF, as far as seccomp filters go: evaluates
 * an exported filter for a call that is not made. For the tests.
 */
#ifndef TESTS_BPF_H
#define TESTS_BPF_H

#include <stdint.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#define BPF_BROKEN 0xdeadbeef /* not a program of the kind expected */

static inline int
bpf_jump(uint16_t op, uint32_t a, uint32_t k)
{
	switch (BPF_OP(op)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0; /* BPF_JSET */
	}
}

/* What the filter returns for this call. */
static inline uint32_t
bpf_run(const struct sock_filter *f, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0, x = 0, k, mem[BPF_MEMWORDS] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		k = f[pc].k;
		switch (f[pc].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (k > sizeof(*data) - 4 || k % 4 != 0)
				return BPF_BROKEN;
			memcpy(&a, (const uint8_t *)data + k, 4);
			break;
		case BPF_LD | BPF_MEM:
			a = mem[k % BPF_MEMWORDS];
			break;
		case BPF_ST:
			mem[k % BPF_MEMWORDS] = a;
			break;
		case BPF_LD | BPF_IMM:
			a = k;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= k;
			break;
		case BPF_ALU | BPF_OR | BPF_K:
			a |= k;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_JMP | BPF_JA:
			pc += k;
			break;
		case BPF_RET | BPF_K:
			return k;
		default:
			if (BPF_CLASS(f[pc].code) != BPF_JMP ||
			    BPF_SRC(f[pc].code) != BPF_K)
				return BPF_BROKEN;
			pc += bpf_jump(f[pc].code, a, k) ? f[pc].jt : f[pc].jf;
		}
	}
	return BPF_BROKEN;
}

#endif
