// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
/* For the tests of this package: maps of each kind, a program that fills a ring buffer, and some that are refused. */
#include "../../../bpf/vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
} __attribute__((preserve_access_index));

/* How many records a run writes. */
const volatile __u32 records = 0;
const volatile __u64 salt = 0;

enum fixture_color {
	RED = 1,
	GREEN = 4,
};

struct fixture_value {
	__u64 sum;
	__u32 count;
	__u16 color; /* enum fixture_color */
	__u8 bytes[6];
};

/* Never read: it brings the types into the object's BTF. */
const volatile struct {
	struct fixture_value value;
	enum fixture_color color;
} layout = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, __u32);
	__type(value, struct fixture_value);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} per_cpu SEC(".maps");

/*
 * Writes records 0 … records - 1: of 8, 13 or 24 bytes, in turn, which begin with the number. Every fifth is discarded.
 * Runs when the iterator shows the first map.
 */
SEC("iter/bpf_map")
int write_records(struct bpf_iter__bpf_map *ctx)
{
	__u32 entry = 1, *lost = bpf_map_lookup_elem(&per_cpu, &entry);

	if (ctx->meta->seq_num != 0 || !ctx->map || !lost)
		return 0;
	for (__u32 number = 0; number < 10000 && number < records; number++) {
		__u64 *record;

		switch (number % 3) {
		case 0:
			record = bpf_ringbuf_reserve(&ring, 8, 0);
			break;
		case 1:
			record = bpf_ringbuf_reserve(&ring, 13, 0);
			break;
		default:
			record = bpf_ringbuf_reserve(&ring, 24, 0);
			break;
		}
		if (!record) {
			*lost += 1;
			continue;
		}
		*record = number + salt;
		if (number % 5 == 4)
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		else
			bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	}
	return 0;
}

/* Writes eight bytes for each map there is: its place in the order. */
SEC("iter/bpf_map")
int number_maps(struct bpf_iter__bpf_map *ctx)
{
	__u64 number = ctx->meta->seq_num;

	if (ctx->map)
		bpf_seq_write(ctx->meta->seq, &number, sizeof(number));
	return 0;
}

/* Writes sixteen bytes for each entry of a hash: key and sum. */
SEC("iter/bpf_map_elem")
int dump_table(struct bpf_iter__bpf_map_elem *ctx)
{
	struct fixture_value *value = ctx->value;
	__u32 *key = ctx->key;
	__u64 out[2];

	if (!key || !value)
		return 0;
	out[0] = *key;
	out[1] = value->sum;
	bpf_seq_write(ctx->meta->seq, out, sizeof(out));
	return 0;
}

SEC("tp_btf/no_such_tracepoint")
int attach_nowhere(void *ctx)
{
	return 0;
}

SEC("iter/no_such_iterator")
int iterate_nothing(void *ctx)
{
	return 0;
}

/* The verifier wants the look-up's result checked. */
SEC("iter/bpf_map")
int follow_null(struct bpf_iter__bpf_map *ctx)
{
	__u32 key = 7;
	struct fixture_value *value = bpf_map_lookup_elem(&table, &key);

	return value->count;
}

char LICENSE[] SEC("license") = "GPL";
