/* A client of IPVS by libnl: what it prints on a kernel with IPVS it prints below `tunvs exec`. */
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int family, seen;

static int on_info(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[IPVS_INFO_ATTR_MAX + 1];
	struct sockaddr_nl *from = nlmsg_get_src(msg);

	genlmsg_parse(nlmsg_hdr(msg), 0, attrs, IPVS_INFO_ATTR_MAX, NULL);
	printf("info: version %x from %u, family %d\n", nla_get_u32(attrs[IPVS_INFO_ATTR_VERSION]), from->nl_pid, from->nl_family);
	return NL_OK;
}

static int on_service(struct nl_msg *msg, void *arg)
{
	seen++;
	return NL_OK;
}

static struct nl_msg *service(int command, int flags, int port)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct in6_addr addr = {};
	uint32_t ones[2] = {0, ~0u};
	struct nlattr *nest;

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, IPVS_GENL_VERSION);
	nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);
	inet_pton(AF_INET, "10.7.0.1", &addr);
	nla_put_u16(msg, IPVS_SVC_ATTR_AF, AF_INET);
	nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	nla_put(msg, IPVS_SVC_ATTR_ADDR, sizeof(addr), &addr);
	nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(port));
	nla_put_string(msg, IPVS_SVC_ATTR_SCHED_NAME, "rr");
	nla_put(msg, IPVS_SVC_ATTR_FLAGS, sizeof(ones), ones);
	nla_put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, 0);
	nla_put_u32(msg, IPVS_SVC_ATTR_NETMASK, ~0u);
	nla_nest_end(msg, nest);
	return msg;
}

static int send_one(struct nl_sock *sock, struct nl_msg *msg)
{
	int err = nl_send_auto(sock, msg);

	nlmsg_free(msg);
	return err < 0 ? err : nl_wait_for_ack(sock);
}

static int dump(struct nl_sock *sock)
{
	seen = 0;
	genl_send_simple(sock, family, IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION, NLM_F_DUMP);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_service, NULL);
	nl_recvmsgs_default(sock);
	return seen;
}

static void *in_thread(void *arg)
{
	struct nl_sock *sock = nl_socket_alloc();
	int port;

	genl_connect(sock);
	for (port = 0; port < 20; port++)
		send_one(sock, service(IPVS_CMD_NEW_SERVICE, 0, 1000 + 20 * *(int *)arg + port));
	nl_socket_free(sock);
	return NULL;
}

int main(void)
{
	struct nl_sock *sock = nl_socket_alloc(), *other = nl_socket_alloc();
	struct nl_cache *cache;
	struct nl_msg *msg;
	struct sockaddr_nl from;
	unsigned char *data;
	pthread_t threads[8];
	int numbers[8], i, len, on = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("connect: %d %d\n", genl_connect(sock), genl_connect(other));
	printf("ports differ: %d\n", nl_socket_get_local_port(sock) != nl_socket_get_local_port(other));
	family = genl_ctrl_resolve(sock, "IPVS");
	printf("family: %d, none: %s, controller: %d\n", family >= 16, nl_geterror(genl_ctrl_resolve(sock, "nothing")), genl_ctrl_resolve(sock, "nlctrl"));
	printf("cache: %d\n", genl_ctrl_alloc_cache(sock, &cache));
	printf("in it: %d\n", genl_ctrl_search_by_name(cache, "IPVS") != NULL);
	printf("group: %s\n", nl_geterror(genl_ctrl_resolve_grp(sock, "IPVS", "none")));

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_info, NULL);
	for (i = 0; i < 3; i++) {
		if (i == 1) nl_socket_disable_msg_peek(sock);
		if (i == 2) nl_socket_enable_msg_peek(sock);
		if (i == 2) printf("pktinfo: %d, credentials: %d\n", nl_socket_recv_pktinfo(sock, 1), nl_socket_set_passcred(sock, 1));
		genl_send_simple(sock, family, IPVS_CMD_GET_INFO, IPVS_GENL_VERSION, NLM_F_ACK);
		nl_recvmsgs_default(sock);
		nl_wait_for_ack(sock);
	}
	nl_socket_set_passcred(sock, 0);
	nl_socket_recv_pktinfo(sock, 0);

	printf("flush: %d\n", (genl_send_simple(sock, family, IPVS_CMD_FLUSH, IPVS_GENL_VERSION, NLM_F_ACK), nl_wait_for_ack(sock)));
	printf("new: %d\n", send_one(sock, service(IPVS_CMD_NEW_SERVICE, 0, 80)));
	printf("again: %s\n", nl_geterror(send_one(sock, service(IPVS_CMD_NEW_SERVICE, 0, 80))));
	printf("delete none: %s\n", nl_geterror(send_one(sock, service(IPVS_CMD_DEL_SERVICE, 0, 81))));
	printf("join: %s\n", nl_geterror(nl_socket_add_membership(sock, 16)));
	printf("buffers: %d\n", nl_socket_set_buffer_size(sock, 65536, 65536));

	for (i = 0; i < 8; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, in_thread, &numbers[i]);
	}
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	printf("dump: %d\n", dump(sock));
	printf("dump by the other: %d\n", dump(other));
	nl_socket_set_nonblocking(other);
	nl_socket_modify_cb(other, NL_CB_VALID, NL_CB_CUSTOM, on_service, NULL);
	printf("nothing there: %s\n", nl_geterror(nl_recvmsgs_default(other)));

	/* An extended acknowledgement: an attribute that is too short. */
	setsockopt(nl_socket_get_fd(sock), 270, 11, &on, sizeof(on));
	msg = nlmsg_alloc();
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_ACK, IPVS_CMD_SET_CONFIG, IPVS_GENL_VERSION);
	nla_put_u8(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, 1);
	nl_send_auto(sock, msg);
	len = nl_recv(sock, &from, &data, NULL);
	for (i = 20; i + 4 < len; i++)
		if (!memcmp(data + i, "ttri", 4)) printf("said: %s\n", data + i - 1);
	printf("error: %d from %u\n", len > 20 ? *(int *)(data + 16) : len, from.nl_pid);
	return 0;
}
