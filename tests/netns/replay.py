#!/usr/bin/env python3
"""Plays the recorded cases of tests/data/datapath against a running director, in network namespaces.

  replay.py [options] CASE.json|DIRECTORY ...
    --director-cmd CMD   starts the director in its namespace, once per case, after interfaces and addresses are in
                         place (default: tunvs run --no-mss-clamp); ended with SIGTERM, then SIGKILL
    --ipvsadm CMD        the ipvsadm to call (default: ipvsadm), in that namespace
    --sysctl-cmd CMD     called as: CMD NAME VALUE, for the settings of a case (default: tunvs sysctl)
    --no-vip-address     do not put the virtual addresses on eth1 of the director
    --expected FILE      cases that are known not to come out, one a line with the reason; one that comes out is an error
    --wait SECONDS       how long 'nothing came' takes (default 0.6)
    --slack SECONDS      allowed difference of connection timers (default 5)
    --jobs N             cases at a time (default 1); each case has namespaces of its own
    --only REGEX         only the cases whose id matches
    --verbose            show every event
  Exit status: 0 all as expected, 1 some not, 2 usage.
  Environment given to all commands: TUNVS_SOCKET (one of this case), DP_NETNS, DP_DIR (a scratch folder of this case).

The clients and real servers have no operating system: this program makes and reads their packets at the far ends of
both links, answers ARP and neighbour discovery for every address, and verifies every checksum.
"""
import argparse, ctypes, fcntl, json, os, re, select, shlex, shutil, signal, socket, struct, subprocess, sys, tempfile, time, traceback

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3

# ---------------------------------------------------------------- bytes
def csum(b, start=0):
    if len(b) % 2: b += b'\0'
    s = start + sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return (~s) & 0xffff

def pk(a):
    return socket.inet_pton(socket.AF_INET6 if ':' in a else socket.AF_INET, a)

def up(b):
    return socket.inet_ntop(socket.AF_INET6 if len(b) == 16 else socket.AF_INET, b)

def split(ap):
    """'1.2.3.4:80' or '[::1]:80' -> (address, port)"""
    a, p = ap.rsplit(':', 1)
    return a.strip('[]'), int(p)

def join(a, p):
    return '[%s]:%d' % (a, p) if ':' in a else '%s:%d' % (a, p)

def mac_of(addr):
    b = pk(addr)
    return (b'\x02\x00' if len(b) == 4 else b'\x02\x06') + b[-4:]

DS_C, DS_S = b'\x02\xdd\0\0\0\x01', b'\x02\xdd\0\0\0\x02'
TCP, UDP, ICMP, ICMP6, IPIP, GRE, SCTP = 6, 17, 1, 58, 4, 47, 132
FL = [('F', 1), ('S', 2), ('R', 4), ('P', 8), ('A', 16)]

def flags_num(s): return sum(v for n, v in FL if n in s)
def flags_str(n): return ''.join(c for c in 'SFRPA' if n & dict(FL)[c]) or '-'

def ip(src, dst, proto, payload, ttl=64, tos=0, ident=0x1234, df=True, off=0, mf=False):
    s, d = pk(src), pk(dst)
    if len(s) == 16:
        return struct.pack('!IHBB', 6 << 28 | tos << 20, len(payload), proto, ttl) + s + d + payload
    h = struct.pack('!BBHHHBBH4s4s', 0x45, tos, 20 + len(payload), ident, (0x4000 if df else 0) | (0x2000 if mf else 0) | off // 8, ttl, proto, 0, s, d)
    return h[:10] + struct.pack('!H', csum(h)) + h[12:] + payload

def pseudo(src, dst, proto, n):
    s, d = pk(src), pk(dst)
    return s + d + (struct.pack('!BBH', 0, proto, n) if len(s) == 4 else struct.pack('!IHBB', n, 0, 0, proto))

def l4sum(src, dst, proto, seg, at):
    seg = seg[:at] + b'\0\0' + seg[at + 2:]
    c = csum(pseudo(src, dst, proto, len(seg)) + seg)
    if proto == UDP and c == 0: c = 0xffff
    return seg[:at] + struct.pack('!H', c) + seg[at + 2:]

def tcp_seg(src, sport, dst, dport, flags, seq, ack, data=b'', opts=b''):
    f = flags_num(flags) if isinstance(flags, str) else flags
    h = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, (5 + len(opts) // 4) << 4, f, 64240, 0, 0)
    return l4sum(src, dst, TCP, h + opts + data, 16)

def udp_seg(src, sport, dst, dport, data):
    return l4sum(src, dst, UDP, struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data, 6)

class Pkt:
    """a parsed packet; bad: list of things wrong with it"""
    def __init__(self, side, eth, l3, depth=0):
        self.side, self.l3, self.bad, self.outer = side, l3, [], None
        self.edst, self.esrc = eth[:6], eth[6:12]
        self.sport = self.dport = self.flags = self.seq = self.ack = 0
        self.payload = b''; self.emb = None; self.icmp = None; self.off = 0; self.mf = False; self.how = ''
        self.ver = l3[0] >> 4
        if self.ver == 4:
            hl = (l3[0] & 15) * 4
            tot = struct.unpack('!H', l3[2:4])[0]
            self.tos, self.ident, fo, self.ttl, self.proto = l3[1], *struct.unpack('!HH', l3[4:8]), l3[8], l3[9]
            self.df, self.mf, self.off = bool(fo & 0x4000), bool(fo & 0x2000), (fo & 0x1fff) * 8
            self.src, self.dst = up(l3[12:16]), up(l3[16:20])
            if csum(l3[:hl]): self.bad.append('IP checksum')
            if depth != 9: self.l3 = l3 = l3[:tot]
        else:
            hl = 40
            tot = 40 + struct.unpack('!H', l3[4:6])[0]
            self.tos, self.proto, self.ttl = (struct.unpack('!I', l3[:4])[0] >> 20) & 255, l3[6], l3[7]
            self.src, self.dst = up(l3[8:24]), up(l3[24:40]); self.df = True
            if depth != 9: self.l3 = l3 = l3[:tot]
            if self.proto == 44:
                self.proto = l3[40]; fo = struct.unpack('!H', l3[42:44])[0]
                self.mf, self.off = bool(fo & 1), fo & 0xfff8; hl = 48
        b = self.body = l3[hl:]
        self.hl = hl
        if self.off or (self.mf and depth != 9): return
        if self.proto == TCP and len(b) >= 20 or (depth == 9 and self.proto in (TCP, UDP) and len(b) >= 4):
            self.sport, self.dport = struct.unpack('!HH', b[:4])
            if self.proto == TCP and len(b) >= 20:
                self.seq, self.ack = struct.unpack('!II', b[4:12]); self.flags = b[13]
                self.payload = b[(b[12] >> 4) * 4:]
                if depth != 9 and csum(pseudo(self.src, self.dst, TCP, len(b)) + b): self.bad.append('TCP checksum')
        elif self.proto == UDP and len(b) >= 8:
            self.sport, self.dport, _, c = struct.unpack('!HHHH', b[:8]); self.payload = b[8:]
            if depth != 9 and (c or self.ver == 6) and csum(pseudo(self.src, self.dst, UDP, len(b)) + b): self.bad.append('UDP checksum')
        elif self.proto in (ICMP, ICMP6) and len(b) >= 8:
            self.icmp = (b[0], b[1]); self.rest = struct.unpack('!I', b[4:8])[0]; self.payload = b[8:]
            if depth != 9 and csum((pseudo(self.src, self.dst, ICMP6, len(b)) if self.ver == 6 else b'') + b): self.bad.append('ICMP checksum')
            err = b[0] in (3, 4, 5, 11, 12) if self.ver == 4 else b[0] < 128
            if err and len(b) >= 28:
                self.emb = Pkt(side, eth, b[8:], 9)
                if 'IP checksum' in self.emb.bad: self.bad.append('checksum of the quoted IP header')
    def inner(self):
        """the packet inside a tunnel, or self"""
        b, how = None, ''
        if self.proto in (IPIP, 41): b, how = self.body, 'ipip'
        elif self.proto == GRE:
            g = struct.unpack('!H', self.body[:2])[0]
            b, how = self.body[4 + (4 if g & 0x8000 else 0) + (4 if g & 0x2000 else 0) + (4 if g & 0x1000 else 0):], 'gre'
        elif self.proto == UDP and self.dport in (6080, 8472, 6081) and len(self.payload) >= 24:
            hl = 4 + (self.payload[0] & 0x1f) * 4
            b, how = self.payload[hl:], 'gue'
        if b is None or len(b) < 20 or b[0] >> 4 not in (4, 6): return self
        p = Pkt(self.side, self.edst + self.esrc, b); p.outer, p.how = self, how
        p.bad = self.bad + p.bad
        return p
    def key(self): return (self.proto, self.src, self.sport, self.dst, self.dport)

def icmp_text(p, f=None):
    """f: the flow whose client packet is expected in the quotation (then it is not spelled out)"""
    s = 'icmp %d/%d from %s' % (p.icmp + (p.src,))
    if p.icmp in ((3, 4), (2, 0)): s += ' mtu %d' % (p.rest & 0xffff if p.ver == 4 else p.rest)
    if p.emb and not (f and (p.emb.proto, p.emb.src, p.emb.sport, p.emb.dst, p.emb.dport) == (f.proto, f.c, f.cp, f.v, f.vp)): s += ' about %s %s>%s' % ({TCP: 'tcp', UDP: 'udp', ICMP: 'icmp', ICMP6: 'icmp', SCTP: 'sctp'}.get(p.emb.proto, p.emb.proto), join(p.emb.src, p.emb.sport), join(p.emb.dst, p.emb.dport))
    return s

# ---------------------------------------------------------------- the network
def setns(fd):
    if libc.setns(fd, CLONE_NEWNET): raise OSError(ctypes.get_errno(), 'setns')

def offload_off(dev):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for cmd in (0x17, 0x15, 0x19, 0x1f, 0x24, 0x2c):  # tx checksums, rx checksums, sg, tso, gso, gro
            v = bytearray(struct.pack('II', cmd, 0))
            buf = (ctypes.c_char * 8).from_buffer(v)
            ifr = struct.pack('16sQ', dev.encode(), ctypes.addressof(buf)) + b'\0' * 16
            try: fcntl.ioctl(s, 0x8946, ifr)
            except OSError: pass

DEFNET = {'client': ['192.168.1.181/24'], 'server': ['192.168.56.181/24'], 'vips': ['192.168.1.183'], 'local': [], 'client_mtu': 1500, 'server_mtu': 1500}

class Lab:
    n = 0
    def __init__(self, case, opt):
        Lab.n += 1
        for a in re.findall(r'-r \[?([0-9a-f.:]+)\]?:\d+', json.dumps(case)): KNOWN[mac_of(a)] = a
        self.case, self.opt = case, opt
        self.net = dict(DEFNET, **case.get('net', {}))
        self.tag = '%d-%d' % (os.getpid(), Lab.n)
        self.D, self.L = 'ds' + self.tag, 'lab' + self.tag
        self.dir = tempfile.mkdtemp(prefix='dp-')
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)
        self.proc = None; self.sync = []; self.flows = {}; self.socks = {}; self.last = {}
        self.env = dict(os.environ, DP_NETNS=self.D, DP_DIR=self.dir, DP_CLIENT_IF='eth1', DP_SERVER_IF='eth2', DP_CASE=case['id'], TUNVS_SOCKET=self.dir + '/control.sock',
                        DP_VIPS=' '.join(self.net['vips']), DP_LOCAL=' '.join(self.net['local']), LC_ALL='C')
        self.dfd = self.lfd = None
    def sh(self, args, inp=None, check=True):
        r = subprocess.run(args, input=inp, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.env, shell=isinstance(args, str))
        if check and r.returncode: raise RuntimeError('%s: %s' % (args, r.stdout))
        return r
    def up(self):
        n = self.net
        self.sh(['ip', '-batch', '-'], 'netns add %s\nnetns add %s\n' % (self.D, self.L))
        self.dfd = os.open('/run/netns/' + self.D, os.O_RDONLY); self.lfd = os.open('/run/netns/' + self.L, os.O_RDONLY)
        self.in_lab()
        for f in ('all', 'default'):
            self.write('/proc/sys/net/ipv6/conf/%s/disable_ipv6' % f, '1')
        self.in_ds()
        for k, v in (('ipv4/ip_forward', 1), ('ipv4/conf/all/rp_filter', 0), ('ipv4/conf/default/rp_filter', 0), ('ipv4/icmp_ratelimit', 0),
                     ('ipv6/conf/all/forwarding', 1), ('ipv6/conf/all/accept_dad', 0), ('ipv6/conf/default/accept_dad', 0), ('ipv6/icmp/ratelimit', 0),
                     ('ipv6/conf/default/router_solicitations', 0), ('ipv4/conf/all/send_redirects', 0), ('ipv4/conf/default/send_redirects', 0)):
            self.write('/proc/sys/net/' + k, str(v))
        six = any(':' in a for a in n['client'] + n['server'] + n['vips'])
        if not six: self.write('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1')
        b = ['link set lo up',
             'link add eth1 address 02:dd:00:00:00:01 type veth peer name c0 netns %s' % self.L,
             'link add eth2 address 02:dd:00:00:00:02 type veth peer name s0 netns %s' % self.L,
             'link set eth1 mtu %d up' % n['client_mtu'], 'link set eth2 mtu %d up' % n['server_mtu']]
        for dev, lst in (('eth1', n['client']), ('eth2', n['server'])):
            for a in lst: b.append('addr add %s dev %s%s' % (a, dev, ' nodad' if ':' in a else ''))
        if not self.opt.no_vip_address:
            for a in n['vips']: b.append('addr add %s dev eth1%s' % (a + ('/128' if ':' in a else '/32'), ' nodad' if ':' in a else ''))
        for a in n['client']:   # everything else is behind a router on the client side
            gw = self.gateway(a)
            b.append('%sroute add default via %s dev eth1' % ('-6 ' if ':' in a else '', gw))
        if not self.opt.no_vip_address:
            for a in n['local']: b.append('%sroute add local %s dev lo' % ('-6 ' if ':' in a else '', a))
        # -batch does not take '-6' per line on all versions: two runs
        self.sh(['ip', '-batch', '-'], '\n'.join(x for x in b if not x.startswith('-6')) + '\n')
        b6 = [x[3:] for x in b if x.startswith('-6')]
        if b6: self.sh(['ip', '-6', '-batch', '-'], '\n'.join(b6) + '\n')
        for d in ('eth1', 'eth2'): offload_off(d)
        self.in_lab()
        self.sh(['ip', '-batch', '-'], 'link set c0 mtu 9000 up\nlink set s0 mtu 9000 up\n')
        for side, dev in (('c', 'c0'), ('s', 's0')):
            offload_off(dev)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            s.bind((dev, ETH_P_ALL))
            s.setsockopt(263, 1, struct.pack('iHH8s', socket.if_nametoindex(dev), 1, 0, b''))  # promiscuous
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.setblocking(False)
            self.socks[side] = s
        self.in_ds()
        self.own = {x.split('/')[0] for x in n['client'] + n['server']} | set(n['vips'])
        if self.case.get('marks'):
            r = ['table inet dp { chain pre { type filter hook prerouting priority mangle; policy accept;']
            for m in self.case['marks']:
                r.append('%s daddr %s %s meta mark set %s' % ('ip6' if ':' in m['dst'] else 'ip', m['dst'], '%s dport %s' % (m['proto'], m['dport']) if m['dport'] else 'meta l4proto ' + m['proto'], m['mark']))
            self.sh(['nft', '-f', '-'], '\n'.join(r + ['}', '}']) + '\n')
        self.log = open(self.dir + '/director.log', 'wb')
        self.proc = subprocess.Popen(self.opt.director_cmd, shell=True, env=self.env, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.time() + 15
        while True:
            r = self.sh(self.opt.ipvsadm + ' -Ln', check=False)
            if r.returncode == 0: break
            if time.time() > end: raise RuntimeError('the director does not answer: ' + r.stdout)
            time.sleep(0.05)
        for k, v in self.case.get('sysctl', {}).items(): self.sysctl(k, v)
        if self.case.get('config'):
            r = self.sh(self.opt.ipvsadm + ' -R', '\n'.join(self.case['config']) + '\n', check=False)
            if r.returncode: raise RuntimeError('ipvsadm -R: ' + r.stdout)
    def gateway(self, a):
        addr, plen = a.split('/'); b = pk(addr); n = int.from_bytes(b, 'big'); w = len(b) * 8
        return up(((n >> (w - int(plen)) << (w - int(plen))) + 1).to_bytes(len(b), 'big'))
    def down(self):
        if self.proc:
            for s in (signal.SIGTERM, signal.SIGKILL):
                try: os.killpg(self.proc.pid, s)
                except ProcessLookupError: pass
                try: self.proc.wait(3); break
                except subprocess.TimeoutExpired: pass
        for s in self.socks.values(): s.close()
        setns(self.home)
        for fd in (self.dfd, self.lfd, self.home):
            if fd is not None: os.close(fd)
        subprocess.run(['ip', '-batch', '-'], input='netns del %s\nnetns del %s\n' % (self.D, self.L), text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)
    def in_ds(self): setns(self.dfd)
    def in_lab(self): setns(self.lfd)
    def write(self, path, v):
        try:
            with open(path, 'w') as f: f.write(v)
        except FileNotFoundError: pass
    def sysctl(self, k, v): self.sh('%s %s %s' % (self.opt.sysctl_cmd, k, shlex.quote(str(v))))
    # -------- packets
    def arp(self, side, f):
        if struct.unpack('!H', f[20:22])[0] != 1: return
        sha, spa, tpa = f[22:28], f[28:32], f[38:42]
        a = up(tpa)
        if a in self.own or spa == tpa: return
        m = mac_of(a)
        self.socks[side].send(sha + m + b'\x08\x06' + struct.pack('!HHBBH', 1, 0x800, 6, 4, 2) + m + tpa + sha + spa)
    def ndp(self, side, f, p):
        tgt = up(p.body[8:24])
        if tgt in self.own or p.src == '::': return
        m = mac_of(tgt)
        na = struct.pack('!BBHI', 136, 0, 0, 0x60000000) + p.body[8:24] + b'\x02\x01' + m
        c = csum(pseudo(tgt, p.src, ICMP6, len(na)) + na)
        na = na[:2] + struct.pack('!H', c) + na[4:]
        self.socks[side].send(p.esrc + m + b'\x86\xdd' + ip(tgt, p.src, ICMP6, na, ttl=255))
    def read(self, side):
        """one relevant packet, or None"""
        while True:
            try: f, a = self.socks[side].recvfrom(65535)
            except BlockingIOError: return None
            if a[2] == 4: continue   # our own
            et = f[12:14]
            if et == b'\x08\x06': self.arp(side, f); continue
            if et not in (b'\x08\x00', b'\x86\xdd'): continue
            p = Pkt(side, f[:12], f[14:])
            if p.icmp and p.ver == 6 and 130 <= p.icmp[0] <= 143 or (p.ver == 6 and p.proto == 0):
                if p.icmp and p.icmp[0] == 135: self.ndp(side, f, p)
                continue
            if f[0] & 1:
                if p.proto == UDP: self.sync.append(p)
                continue
            return p.inner()
    def wait_for(self, n=1, wait=None):
        """up to n packets, from either side; returns early when n are here"""
        got, end = [], time.time() + (self.opt.wait if wait is None else wait)
        while True:
            for side in 'cs':
                while True:
                    p = self.read(side)
                    if p is None: break
                    got.append(p)
            t = end - time.time()
            if len(got) >= n or t <= 0: break
            select.select(list(self.socks.values()), [], [], t)
        return got
    def send(self, side, l3, src):
        et = b'\x86\xdd' if l3[0] >> 4 == 6 else b'\x08\x00'
        self.socks[side].send((DS_C if side == 'c' else DS_S) + mac_of(src) + et + l3)
    def transit(self, side, l3, src, n=1, wait=None):
        self.extra = self.wait_for(999, 0)   # what came late
        self.send(side, l3, src)
        return self.wait_for(n, wait)

# ---------------------------------------------------------------- events
class Flow:
    def __init__(self, proto, src, dst):
        self.proto = proto; self.c, self.cp = split(src); self.v, self.vp = split(dst)
        self.cseq, self.sseq = 1000, 500000; self.rs = None; self.how = ''; self.last_rs = None; self.last_cl = None

KNOWN = {}   # link address -> address of a real server, for direct routing

def rs_name(p):
    """which real server got packet p, and how"""
    if p.how: return join(p.outer.dst, p.dport) + ' ' + p.how, p.outer.dst, p.how
    if p.edst == mac_of(p.dst): return join(p.dst, p.dport), p.dst, ''
    a = KNOWN.get(p.edst) or ('.'.join(map(str, p.edst[2:])) if p.edst[:2] == b'\x02\0' else 'mac ' + p.edst.hex(':'))
    return (a if a.startswith('mac') else join(a, p.dport)) + ' dr', a, 'dr'

class Run:
    def __init__(self, lab): self.lab = lab
    def desc(self, ps, f=None, flags=False):
        """text for what came out, [] = none"""
        out = []
        for p in ps:
            if p.side == 's':
                s = rs_name(p)[0]
                if p.proto == TCP and flags: s += ' ' + flags_str(p.flags)
                if p.icmp: s = '%s icmp %d/%d' % ((p.dst,) + p.icmp) if not p.emb else 'to rs: ' + icmp_text(p) + ' to ' + p.dst
                if p.off or p.mf: s = p.dst + ' fragment'
                if f and not p.icmp and (p.src, p.sport) != (f.c, f.cp): s += ' from ' + join(p.src, p.sport)
            else:
                if p.icmp: s = icmp_text(p, f)
                elif p.proto == TCP:
                    s = 'rst' if p.flags & 4 and not flags else 'client %s' % flags_str(p.flags)
                    if flags or not f or (p.src, p.sport) != (f.v, f.vp): s += ' from ' + join(p.src, p.sport)
                else: s = 'client from ' + join(p.src, p.sport)
                if f and p.dst != f.c: s += ' to ' + join(p.dst, p.dport)
            if p.bad: s += ' BAD ' + ', '.join(p.bad)
            out.append(s)
        return '; '.join(out) or 'none'
    def put(self, f, side, flags, data=b'', n=1, wait=None, df=True, ttl=64):
        """one segment or datagram of flow f from the client ('c') or the real server ('s'); what came out"""
        L = self.lab
        if side == 'c':
            if f.proto == TCP:
                seg = tcp_seg(f.c, f.cp, f.v, f.vp, flags, f.cseq, f.sseq if 'A' in flags else 0, data)
                f.cseq += len(data) + ('S' in flags) + ('F' in flags)
            else: seg = udp_seg(f.c, f.cp, f.v, f.vp, data)
            ps = L.transit('c', ip(f.c, f.v, f.proto, seg, df=df, ttl=ttl), f.c, n, wait)
        else:
            if f.how:   # direct answer: never passes the director
                if f.proto == TCP: f.sseq += len(data) + ('S' in flags) + ('F' in flags)
                return []
            if f.proto == TCP:
                seg = tcp_seg(f.rs, f.rp, f.c, f.cp, flags, f.sseq, f.cseq if 'A' in flags else 0, data)
                f.sseq += len(data) + ('S' in flags) + ('F' in flags)
            else: seg = udp_seg(f.rs, f.rp, f.c, f.cp, data)
            ps = L.transit('s', ip(f.rs, f.c, f.proto, seg, df=df, ttl=ttl), f.rs, n, wait)
        for p in ps:
            if p.side == 's':
                f.last_rs = p
                if side == 'c' and p.proto == f.proto and (p.src, p.sport) == (f.c, f.cp):
                    if data and p.payload != data and not p.mf: p.bad.append('payload')
                    _, f.rs, f.how = rs_name(p); f.rp = p.dport
            else:
                f.last_cl = p
                if side == 's' and data and p.proto == f.proto and p.payload != data and not p.mf: p.bad.append('payload')
        return ps
    def to_client_ok(self, f, ps, flags=None):
        if f.how: return True
        return len(ps) == 1 and ps[0].side == 'c' and ps[0].proto == f.proto and not ps[0].bad and (ps[0].src, ps[0].sport, ps[0].dst, ps[0].dport) == (f.v, f.vp, f.c, f.cp) and (flags is None or ps[0].flags == flags_num(flags))
    def to_rs_ok(self, f, ps):
        return len(ps) == 1 and ps[0].side == 's' and ps[0].proto == f.proto and not ps[0].bad and (ps[0].src, ps[0].sport, ps[0].dport) == (f.c, f.cp, f.rp) and rs_name(ps[0])[1] == f.rs
    def tcp(self, src, dst, end='fin', fid=None, data=0):
        f = Flow(TCP, src, dst)
        if fid: self.lab.flows[fid] = f
        ps = self.put(f, 'c', 'S')
        first = self.desc(ps, f)
        if not (ps and ps[0].side == 's' and f.rs and self.to_rs_ok(f, ps)): return first
        if end == 'syn': return first
        ps = self.put(f, 's', 'SA')
        if not self.to_client_ok(f, ps, 'SA'): return first + ', syn-ack: ' + self.desc(ps, f, True)
        ps = self.put(f, 'c', 'A')
        if not self.to_rs_ok(f, ps): return first + ', ack: ' + self.desc(ps, f, True)
        if data:
            ps = self.put(f, 'c', 'PA', b'q' * data)
            if not self.to_rs_ok(f, ps): return first + ', data: ' + self.desc(ps, f, True)
            ps = self.put(f, 's', 'PA', b'r' * data)
            if not self.to_client_ok(f, ps): return first + ', answer: ' + self.desc(ps, f, True)
        r = self.end(f, end)
        return first if r == 'ok' else first + ', ' + r
    def end(self, f, how):
        seq = {'open': [], 'fin': [('c', 'FA'), ('s', 'FA'), ('c', 'A')], 'fin-server': [('s', 'FA'), ('c', 'FA'), ('s', 'A')], 'rst': [('c', 'R')], 'rst-server': [('s', 'R')],
               'half-client': [('c', 'FA')], 'half-server': [('s', 'FA')]}[how]
        for side, fl in seq:
            ps = self.put(f, side, fl)
            if not (self.to_rs_ok(f, ps) if side == 'c' else self.to_client_ok(f, ps, fl)): return '%s from %s: %s' % (fl, {'c': 'client', 's': 'server'}[side], self.desc(ps, f, True))
        return 'ok'
    def udp(self, src, dst, n=16, reply=True, fid=None, fresh=True):
        f = Flow(UDP, src, dst)
        if fid: self.lab.flows[fid] = f
        ps = self.put(f, 'c', '', bytes(i & 255 for i in range(n)))
        first = self.desc(ps, f)
        if not (f.rs and self.to_rs_ok(f, ps)) or not reply: return first
        ps = self.put(f, 's', '', bytes(255 - (i & 255) for i in range(n)))
        return first if self.to_client_ok(f, ps) else first + ', answer: ' + self.desc(ps, f)
    # -------- lists
    def adm(self, args, inp=None): return self.lab.sh(self.lab.opt.ipvsadm + ' ' + args, inp, check=False)
    def lines(self, args):
        r = self.adm(args)
        if r.returncode: return ['exit %d: %s' % (r.returncode, r.stdout.strip())]
        return [' '.join(x.split()) for x in r.stdout.splitlines()]
    def conns(self):
        out = {}   # /proc/net/ip_vs_conn can show an entry twice
        for l in self.lines('-Lcn')[2:]:
            w = l.split()
            m = re.fullmatch(r'(\d+):(\d+)', w[1])
            s = int(m[1]) * 60 + int(m[2]) if m else -1
            out[(w[0], *w[2:])] = ' '.join([w[0], str((s + 2) // 5 * 5), *w[2:]])
        return sorted(out.values(), key=lambda x: (x.split()[3:], x))
    def services(self): return [l for l in self.lines('-Ln') if not l.startswith(('IP Virtual', 'Prot ', '-> RemoteAddress'))]
    def counts(self):
        d = {}
        for l in self.services():
            w = l.split()
            if w[0] == '->': d[w[1]] = '%s+%s' % (w[4], w[5])
        return d
    # -------- one event
    def event(self, e):
        L, op = self.lab, e['op']
        if op == 'tcp': return self.tcp(e['from'], e['to'], e.get('end', 'fin'), e.get('id'), e.get('data', 0))
        if op == 'end': return self.end(L.flows[e['id']], e['how'])
        if op == 'udp': return self.udp(e['from'], e['to'], e.get('len', 16), e.get('reply', True), e.get('id'))
        if op == 'map':
            f = (lambda s, d: self.tcp(s, d, e.get('end', 'rst'), data=e.get('data', 0))) if e['proto'] == 'tcp' else (lambda s, d: self.udp(s, d, 16, e.get('reply', False)))
            if isinstance(e['to'], list): return [f(e['from'], t) for t in e['to']]
            return [f(s, e['to']) for s in e['from']]
        if op == 'seg': return self.seg(e)
        if op == 'ping': return self.ping(e)
        if op == 'icmp-error': return self.icmp_error(e)
        if op == 'frag': return self.frag(e)
        if op == 'raw': return self.raw(e)
        if op == 'ipvsadm': return 'exit %d' % self.adm(e['args']).returncode
        if op == 'restore': return 'exit %d' % self.adm('-R', '\n'.join(e['lines']) + '\n').returncode
        if op == 'sysctl':
            for k, v in e['set'].items(): L.sysctl(k, v)
            return 'ok'
        if op == 'sleep':
            time.sleep(e['seconds']); return 'ok'
        if op == 'conns': return self.conns()
        if op == 'services': return self.services()
        if op == 'stats': return [l for l in self.lines('-Ln --stats --exact') if not l.startswith(('IP Virtual', 'Prot ', '-> RemoteAddress'))]
        if op == 'list': return self.lines(e['args'])
        if op == 'sync-read': return self.sync_read(e)
        if op == 'sync-send': return self.sync_send(e)
        raise ValueError('unknown op ' + op)
    def seg(self, e):
        L = self.lab
        proto = {'tcp': TCP, 'udp': UDP}[e.get('proto', 'tcp')]
        if 'from' in e:
            f = L.flows[e['id']] = Flow(proto, e['from'], e['to'])
            if 'rs' in e: f.rs, f.rp = split(e['rs'])
        f = L.flows[e['id']]
        side = 'c' if e.get('side', 'client') == 'client' else 's'
        if side == 's' and f.how: return 'direct'
        if side == 's' and not f.rs: return 'no real server yet'
        n = e.get('expect', 1)
        ps = self.put(f, side, e.get('flags', ''), b'd' * e.get('len', 0), n, e.get('wait'), e.get('df', True), e.get('ttl', 64))
        r = self.desc(ps, f, True)
        if e.get('watch'): return {'out': r, 'conns': self.conns(), 'active+inact': self.counts()}
        return r
    def ping(self, e):
        src, dst = e['from'], e['to']
        six = ':' in src
        b = struct.pack('!BBHHH', 128 if six else 8, 0, 0, e.get('ident', 77), e.get('seq', 1)) + b'p' * e.get('len', 32)
        b = b[:2] + struct.pack('!H', csum((pseudo(src, dst, ICMP6, len(b)) if six else b'') + b)) + b[4:]
        ps = self.lab.transit('c', ip(src, dst, ICMP6 if six else ICMP, b), src)
        if len(ps) == 1 and ps[0].side == 'c' and ps[0].icmp == ((129, 0) if six else (0, 0)) and ps[0].payload == b[8:] and not ps[0].bad: return 'answer from ' + ps[0].src
        return self.desc(ps)
    def icmp_error(self, e):
        """the real server (or the client) complains about the last packet that it got in this flow"""
        f = self.lab.flows[e['id']]
        side = 'c' if e.get('side', 'server') == 'client' else 's'
        q = f.last_cl if side == 'c' else f.last_rs
        if q is None: return 'nothing to complain about'
        src = e.get('src') or (f.c if side == 'c' else f.rs)
        quote = q.l3[:e.get('quote', 500)]
        six = q.ver == 6
        b = struct.pack('!BBHI', e['type'], e['code'], 0, e.get('rest', 0)) + quote
        b = b[:2] + struct.pack('!H', csum((pseudo(src, q.src, ICMP6, len(b)) if six else b'') + b)) + b[4:]
        ps = self.lab.transit(side, ip(src, q.src, ICMP6 if six else ICMP, b), src)
        return self.desc(ps)
    def frag(self, e):
        """a UDP datagram of len bytes in fragments, from the client; the real server answers with as many bytes in fragments"""
        L = self.lab; f = L.flows[e['id']] = Flow(UDP, e['from'], e['to'])
        def pieces(src, dst, seg, mtu, ident):
            step = (mtu - 20) // 8 * 8
            ps = [ip(src, dst, UDP, seg[i:i + step], df=False, off=i, mf=i + step < len(seg), ident=ident) for i in range(0, len(seg), step)]
            return ps[::-1] if e.get('reverse') else ps
        def whole(ps):
            b = {}
            for p in ps: b[p.off] = p.body
            r = b''.join(b[k] for k in sorted(b))
            return r
        def go(side, ps, src):
            L.wait_for(999, 0)
            for x in ps: L.send(side, x, src)
            return L.wait_for(999, e.get('wait', 1.0))
        data = bytes(i * 7 & 255 for i in range(e['len']))
        ps = go('c', pieces(f.c, f.v, udp_seg(f.c, f.cp, f.v, f.vp, data), e.get('mtu', 1500), 0x4242), f.c)
        if not ps: return 'none'
        if ps[0].side == 'c': return self.desc(ps, f)
        r = {'to rs': ps[0].dst, 'pieces': sorted([p.off, len(p.body)] for p in ps)}
        seg = whole(ps); sp, dp, ln, _ = struct.unpack('!HHHH', seg[:8])
        r['ports'] = '%d>%d' % (sp, dp)
        r['whole'] = 'ok' if seg[8:] == data and ps[0].src == f.c and not csum(pseudo(ps[0].src, ps[0].dst, UDP, len(seg)) + seg) else 'damaged'
        rs = ps[0].dst
        ps = go('s', pieces(rs, f.c, udp_seg(rs, dp, f.c, f.cp, data), min(e.get('mtu', 1500), L.net['server_mtu']), 0x4343), rs)
        if not ps: r['answer'] = 'none'; return r
        seg = whole(ps); sp, dp, ln, _ = struct.unpack('!HHHH', seg[:8])
        r['answer'] = {'from': join(ps[0].src, sp), 'pieces': sorted([p.off, len(p.body)] for p in ps),
                       'whole': 'ok' if seg[8:] == data and not csum(pseudo(ps[0].src, ps[0].dst, UDP, len(seg)) + seg) else 'damaged'}
        return r
    def raw(self, e):
        """exact bytes in, exact bytes out; x = any digit"""
        l3 = bytes.fromhex(e['l3'].replace(' ', ''))
        side = 'c' if e.get('side', 'client') == 'client' else 's'
        src = up(l3[12:16]) if l3[0] >> 4 == 4 else up(l3[8:24])
        ps = self.lab.transit(side, l3, src, e.get('expect', 1), e.get('wait'))
        if ps: ps += self.lab.wait_for(999, 0.05)   # the other pieces of one packet
        out = []
        for p in ps:
            o = p.outer or p
            h = o.l3.hex()
            for a, b in e.get('any', []): h = h[:a * 2] + 'x' * (b * 2) + h[(a + b) * 2:]   # [offset, length]
            r = {'at': 'client' if p.side == 'c' else 'rs', 'mac': o.edst.hex(':'), 'l3': h}
            if o.proto == UDP: r['udp checksum'] = 'none' if o.body[6:8] == b'\0\0' else 'bad' if 'UDP checksum' in o.bad else 'ok'
            if p.bad: r['bad'] = p.bad
            out.append(r)
        return out
    # -------- connection synchronisation
    def sync_read(self, e):
        end = time.time() + e['seconds']; self.late = []
        while time.time() < end: self.late += self.lab.wait_for(999, max(0, min(0.2, end - time.time())))
        ps, self.lab.sync = self.lab.sync, []
        recs = []
        for p in ps: recs += sync_decode(p.payload)
        return {'records': sorted(recs), 'from': sorted({'%s ttl %d to %s' % (p.src, p.ttl, join(p.dst, p.dport)) for p in ps}), 'hex': [p.payload.hex() for p in ps]}
    def sync_send(self, e):
        L = self.lab; src = e.get('src', L.gateway(L.net['server'][0]))
        for h in e['hex']:
            l3 = ip(src, '224.0.0.81', UDP, udp_seg(src, 8848, '224.0.0.81', 8848, bytes.fromhex(h)), ttl=1)
            L.socks['s'].send(b'\x01\0\x5e\0\0\x51' + mac_of(src) + b'\x08\0' + l3)
        time.sleep(e.get('seconds', 1))
        return 'ok'

def sync_decode(b):
    """the records of one message, as text"""
    if len(b) < 8: return ['short message']
    res, sid, size, n, ver, spare = struct.unpack('!BBHBbH', b[:8])
    if res:   # version 0: number of records, syncid, size; then 24 bytes each (48 with sequence numbers)
        out, at = [], 4
        sid, size = struct.unpack('!BH', b[1:4])
        for _ in range(res):
            _r, proto, cp, vp, dp, c, v, d, fl, st = struct.unpack('!BBHHH4s4s4sHH', b[at:at + 24]); at += 24
            opt = ''
            if fl & 0x600: opt = ' options ' + b[at:at + 24].hex(); at += 24
            out.append('v0 syncid %d%s proto %d flags 0x%x state %d %s %s %s%s' % (sid, '' if size == len(b) else ' SIZE %d of %d' % (size, len(b)), proto, fl, st, join(up(c), cp), join(up(v), vp), join(up(d), dp), opt))
        return out
    out, at = [], 8
    hd = 'v%d syncid %d%s' % (ver, sid, '' if size == len(b) else ' SIZE %d of %d' % (size, len(b)))
    for _ in range(n):
        typ, proto, vs, fl, st, cp, vp, dp, fw, to = struct.unpack('!BBHIHHHHII', b[at:at + 24])
        al = 16 if typ & 1 else 4; q = at + 24
        a = [up(b[q + i * al:q + (i + 1) * al]) for i in range(3)]
        ln = vs & 0xfff
        rest = b[q + 3 * al:at + ln]
        out.append('%s type %d proto %d ver %d flags 0x%x state %d %s %s %s fwmark %d timeout %d%s' % (hd, typ, proto, vs >> 12, fl, st, join(a[0], cp), join(a[1], vp), join(a[2], dp), fw, to, ' options ' + rest.hex() if rest.strip(b'\0') else ''))
        at += (ln + 3) // 4 * 4
    return out

# ---------------------------------------------------------------- comparing
def same(want, got, slack):
    if isinstance(want, str) and isinstance(got, str):
        if want == got: return True
        if 'x' in want and len(want) == len(got) and re.fullmatch('[0-9a-fx]+', want): return all(a in ('x', b) for a, b in zip(want, got))
        m, g = re.fullmatch(r'(\S+) (\d+) (\S+ \S+:\d+ \S+:\d+ \S+:\d+.*)', want), re.fullmatch(r'(\S+) (\d+) (\S+ \S+:\d+ \S+:\d+ \S+:\d+.*)', got)
        if m and g: return m[1] == g[1] and m[3] == g[3] and abs(int(m[2]) - int(g[2])) <= slack
        m, g = re.fullmatch(r'(v1 syncid.* timeout )(\d+)(.*)', want), re.fullmatch(r'(v1 syncid.* timeout )(\d+)(.*)', got)
        return bool(m and g and m[1] == g[1] and m[3] == g[3] and abs(int(m[2]) - int(g[2])) <= slack)
    if type(want) != type(got): return False
    if isinstance(want, list): return len(want) == len(got) and all(same(a, b, slack) for a, b in zip(want, got))
    if isinstance(want, dict):
        keys = set(want) | set(got)
        return all(k == 'hex' or (k in want and k in got and same(want[k], got[k], slack)) for k in keys)
    return want == got

def diff(e, want, got, slack):
    if isinstance(want, list) and isinstance(got, list):
        if e['op'] == 'map' and len(want) == len(got):
            bad = [i for i in range(len(want)) if not same(want[i], got[i], slack)]
            many = isinstance(e['from'], list)
            r = ['  %d of %d differ' % (len(bad), len(want))]
            for i in bad[:6]: r.append('    %s: expected %s, got %s' % ((e['from'] if many else e['to'])[i], want[i], got[i]))
            return r
        r = []
        for l in want:
            if not any(same(l, g, slack) for g in got): r.append('  - %s' % (l if isinstance(l, str) else json.dumps(l)))
        for l in got:
            if not any(same(g, l, slack) for g in want): r.append('  + %s' % (l if isinstance(l, str) else json.dumps(l)))
        return r or ['  other order or number: expected %s, got %s' % (json.dumps(want), json.dumps(got))]
    if isinstance(want, dict) and isinstance(got, dict):
        r = []
        for k in want:
            if k != 'hex' and not same(want[k], got.get(k), slack): r += ['  %s:' % k] + diff({'op': ''}, want[k], got.get(k), slack)
        return r
    return ['  expected %s' % json.dumps(want), '  got      %s' % json.dumps(got)]

def run_case(case, opt):
    lab, out = Lab(case, opt), []
    t0 = time.time(); bad = 0
    try:
        lab.up()
        r = Run(lab)
        for i, e in enumerate(case['events']):
            got = r.event(e)
            want = e.get('result')
            ok = same(want, got, opt.slack)
            if opt.verbose: out.append('  %s %d %s\n      => %s' % ('ok' if ok else 'NO', i, json.dumps({k: v for k, v in e.items() if k != 'result'}), json.dumps(got)))
            if not ok:
                bad += 1
                if bad <= 8:
                    out.append(' event %d: %s' % (i, json.dumps({k: (v if len(str(v)) < 300 else '...') for k, v in e.items() if k != 'result'})))
                    out += diff(e, want, got, opt.slack)
    except Exception as x:
        bad += 1
        out.append(' ' + ''.join(traceback.format_exception(x)) if opt.verbose else ' error: %s' % x)
        try: out += ['  director: ' + l for l in open(lab.dir + '/director.log').read().splitlines()[-5:]]
        except OSError: pass
    finally:
        try: lab.down()
        except Exception as x: out.append(' while cleaning up: %s' % x)
    return bad, out, time.time() - t0

def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument('--director-cmd', default='exec tunvs run --no-mss-clamp'); ap.add_argument('--ipvsadm', default='ipvsadm'); ap.add_argument('--sysctl-cmd', default='tunvs sysctl')
    ap.add_argument('--no-vip-address', action='store_true'); ap.add_argument('--expected', default='')
    ap.add_argument('--wait', type=float, default=0.6); ap.add_argument('--slack', type=float, default=5)
    ap.add_argument('--jobs', type=int, default=1); ap.add_argument('--only', default='')
    ap.add_argument('--verbose', action='store_true'); ap.add_argument('cases', nargs='+')
    opt = ap.parse_args()
    files = []
    for c in opt.cases:
        if os.path.isdir(c): files += sorted(os.path.join(d, f) for d, _, fs in os.walk(c) for f in fs if f.endswith('.json'))
        else: files.append(c)
    work = []
    for f in files:
        with open(f) as h: case = json.load(h)
        if re.search(opt.only, case['id']): work.append((f, case))
    # those that sleep longest first, so that nobody waits for the last one
    work.sort(key=lambda w: -sum(e.get('seconds', 0) for e in w[1]['events']))
    os.makedirs('/run/netns', exist_ok=True)
    expected = {}
    if opt.expected:
        with open(opt.expected) as h:
            for l in h:
                if l.strip() and not l.startswith('#'):
                    w = l.split(None, 1)
                    if len(w) < 2: ap.error('%s: %s is listed without a reason' % (opt.expected, w[0]))
                    expected[w[0]] = w[1].strip()
    def one(f, case):
        bad, out, t = run_case(case, opt)
        why = expected.get(case['id'])
        if why and bad: word, out, ok = 'expected to fail', out if opt.verbose else [], True
        elif why: word, out, ok = 'FAIL', [' comes out: take it off the list of expected failures'], False
        else: word, ok = ('FAIL', False) if bad else ('PASS', True)
        print('\n'.join(['%s %s (%.1f s)' % (word, case['id'], t)] + out), flush=True)
        return ok
    if opt.jobs == 1: res = [one(*w) for w in work]
    else:
        from multiprocessing import get_context
        global _one; _one = one; global _work; _work = work
        with get_context('fork').Pool(opt.jobs, maxtasksperchild=1) as pool: res = pool.map(_call, range(len(work)), 1)
    print('%d of %d cases as expected' % (sum(res), len(res)))
    return 0 if all(res) else 1

def _call(i): return _one(*_work[i])

if __name__ == '__main__': sys.exit(main())
