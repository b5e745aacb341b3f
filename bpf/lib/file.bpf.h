/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What an open file of a process is. */
#ifndef __FILE_BPF_H__
#define __FILE_BPF_H__

/* The socket that a file is; 0 if it is none, or there is no file: the last call of an iterator. */
static __always_inline struct sock *socket_of(struct file *file)
{
	struct socket *socket = file ? bpf_sock_from_file(file) : 0;

	return socket ? socket->sk : 0;
}

#endif /* __FILE_BPF_H__ */
