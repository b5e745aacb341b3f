/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * Counters: one struct for each CPU, in a per-CPU array of one entry. A softirq can interrupt a program that is
 * counting on the same CPU, so the addition is atomic.
 */
#ifndef __COUNT_BPF_H__
#define __COUNT_BPF_H__

#define count(map, type, field)                                              \
	do {                                                                 \
		__u32 _entry = 0;                                            \
		struct type *_counters = bpf_map_lookup_elem(&map, &_entry); \
		if (_counters)                                               \
			__sync_fetch_and_add(&_counters->field, 1);          \
	} while (0)

#endif /* __COUNT_BPF_H__ */
