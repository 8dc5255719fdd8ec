// A client of the kernel's IPVS by the standard library alone: COUNT goroutines at once, each with a socket of its own,
// declare a service with a server, ask for it, and see it in a dump. It uses processors while it waits, so that the runtime
// interrupts its threads (SIGURG). Prints how many services there were at the end.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
)

const (
	generic     = 16
	newService  = 1
	getService  = 4
	newDest     = 5
	attrService = 1
	attrDest    = 2
)

var order = binary.NativeEndian

func attr(kind uint16, data []byte) []byte {
	out := make([]byte, (4+len(data)+3)/4*4)
	order.PutUint16(out, uint16(4+len(data)))
	order.PutUint16(out[2:], kind)
	copy(out[4:], data)
	return out
}

func u16(v uint16) []byte { return order.AppendUint16(nil, v) }
func u32(v uint32) []byte { return order.AppendUint32(nil, v) }
func join(parts ...[]byte) (out []byte) {
	for _, part := range parts {
		out = append(out, part...)
	}
	return
}

type client struct {
	fd, port int
	seq      uint32
	family   uint16
}

func open() (*client, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, generic)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	c := &client{fd: fd}
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, fmt.Errorf("getsockname: %w", err)
	}
	c.port = int(name.(*syscall.SockaddrNetlink).Pid)
	messages, err := c.ask(generic, 3, 1, attr(2, []byte("IPVS\x00")))
	if err != nil {
		return nil, fmt.Errorf("family: %w", err)
	}
	for rest := messages[0].Data[4:]; len(rest) >= 4; {
		length := int(order.Uint16(rest))
		if order.Uint16(rest[2:]) == 1 {
			c.family = order.Uint16(rest[4:])
		}
		rest = rest[(length+3)/4*4:]
	}
	return c, nil
}

// ask sends a request and reads its answers: one, an acknowledgement, or all of a dump.
func (c *client) ask(kind uint16, command byte, flags uint16, attrs []byte) ([]syscall.NetlinkMessage, error) {
	c.seq++
	body := join([]byte{command, 1, 0, 0}, attrs)
	head := join(u32(uint32(16+len(body))), u16(kind), u16(flags), u32(c.seq), u32(uint32(c.port)))
	if err := syscall.Sendto(c.fd, join(head, body), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("sendto: %w", err)
	}
	var all []syscall.NetlinkMessage
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := syscall.Recvfrom(c.fd, buffer, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("recvfrom: %w", err)
		}
		if sender, ok := from.(*syscall.SockaddrNetlink); !ok || sender.Pid != 0 {
			return nil, fmt.Errorf("from %#v", from)
		}
		messages, err := syscall.ParseNetlinkMessage(append([]byte(nil), buffer[:n]...))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if m.Header.Seq != c.seq || int(m.Header.Pid) != c.port {
				return nil, fmt.Errorf("an answer to %d of %d, not %d of %d", m.Header.Seq, m.Header.Pid, c.seq, c.port)
			}
			switch m.Header.Type {
			case syscall.NLMSG_DONE:
				return all, nil
			case syscall.NLMSG_ERROR:
				if code := int32(order.Uint32(m.Data)); code != 0 {
					return nil, syscall.Errno(-code)
				}
				return all, nil
			}
			all = append(all, m)
		}
		if flags&(syscall.NLM_F_DUMP|syscall.NLM_F_ACK) == 0 {
			return all, nil
		}
	}
}

func key(number int) []byte {
	return join(attr(1, u16(syscall.AF_INET)), attr(2, u16(syscall.IPPROTO_TCP)),
		attr(3, join([]byte{10, 20, byte(number >> 8), byte(number)}, make([]byte, 12))), attr(4, []byte{0, 80}))
}

func spin(done <-chan struct{}) {
	for x := uint64(1); ; x = x*6364136223846793005 + 1 {
		if x%4096 == 0 {
			select {
			case <-done:
				return
			default:
			}
		}
	}
}

func work(number int) error {
	c, err := open()
	if err != nil {
		return err
	}
	defer syscall.Close(c.fd)
	service := join(key(number), attr(6, []byte("rr\x00")), attr(7, join(u32(0), u32(0xffffffff))), attr(8, u32(0)),
		attr(9, []byte{255, 255, 255, 255}))
	server := join(attr(1, join([]byte{10, 21, 0, 1}, make([]byte, 12))), attr(2, []byte{0, 80}), attr(3, u32(0)),
		attr(4, u32(1)), attr(5, u32(0)), attr(6, u32(0)))
	const request = syscall.NLM_F_REQUEST | syscall.NLM_F_ACK
	if _, err := c.ask(c.family, newService, request, attr(attrService, service)); err != nil {
		return fmt.Errorf("new service: %w", err)
	}
	if _, err := c.ask(c.family, newService, request, attr(attrService, service)); !errors.Is(err, syscall.EEXIST) {
		return fmt.Errorf("the same service: %v", err)
	}
	both := join(attr(attrService, key(number)), attr(attrDest, server))
	if _, err := c.ask(c.family, newDest, request, both); err != nil {
		return fmt.Errorf("new server: %w", err)
	}
	for range 10 {
		found, err := c.ask(c.family, getService, syscall.NLM_F_REQUEST, attr(attrService, key(number)))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("get: %d, %w", len(found), err)
		}
	}
	if all, err := c.ask(c.family, getService, syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP, nil); err != nil || len(all) == 0 {
		return fmt.Errorf("dump: %d, %w", len(all), err)
	}
	return nil
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	done := make(chan struct{})
	for range 2 {
		go spin(done)
	}
	var group sync.WaitGroup
	failed := make(chan error, count)
	for number := range count {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := work(number); err != nil {
				failed <- fmt.Errorf("goroutine %d: %w", number, err)
			}
		}()
	}
	group.Wait()
	close(done)
	select {
	case err := <-failed:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default:
	}
	c, err := open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	all, err := c.ask(c.family, getService, syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(all))
}
