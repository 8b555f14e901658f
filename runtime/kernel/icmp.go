package kernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// A pinger is a raw ICMP (RFC 792) or ICMPv6 (RFC 4443) socket of a namespace.
type pinger struct {
	file *os.File
	raw  syscall.RawConn
	to   netip.Addr
	dest unix.Sockaddr
	id   int
	buf  []byte
}

// An answer is what came back for an echo request.
type answer struct {
	from  netip.Addr
	why   string // empty for an echo reply: that is the destination itself
	rtt   time.Duration
	hop   bool // time exceeded: a router on the way
	sized bool // packet too big
}

// errSilence is no answer in time.
var errSilence = errors.New("no answer")

func (sp *space) pinger(to netip.Addr) (*pinger, error) {
	dest, err := sp.sockaddr(to, 0)
	if err != nil {
		return nil, err
	}
	p := &pinger{to: to.WithZone(""), dest: dest, id: int(rand.Uint32() & 0xFFFF), buf: make([]byte, 65536)}
	err = sp.at(func() error {
		family, proto := unix.AF_INET, unix.IPPROTO_ICMP
		if to.Is6() {
			family, proto = unix.AF_INET6, unix.IPPROTO_ICMPV6
		}
		fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
		if err != nil {
			return entering(sp.name, fmt.Errorf("open a raw socket: %w", err))
		}
		p.file = os.NewFile(uintptr(fd), "icmp")
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.raw, err = p.file.SyscallConn()
	return p, err
}

// sockaddr makes a socket address; the zone of a link-local one is the name of
// an interface of the namespace.
func (sp *space) sockaddr(to netip.Addr, port int) (unix.Sockaddr, error) {
	if to.Is4() {
		return &unix.SockaddrInet4{Addr: to.As4(), Port: port}, nil
	}
	sa := &unix.SockaddrInet6{Addr: to.As16(), Port: port}
	if zone := to.Zone(); zone != "" {
		l, err := sp.link(zone)
		if err != nil {
			return nil, err
		}
		if l == nil {
			return nil, noLink(sp.name, zone, "")
		}
		sa.ZoneId = uint32(l.index)
	}
	return sa, nil
}

func (p *pinger) close() { p.file.Close() }

// setTTL limits how many routers the next request passes.
func (p *pinger) setTTL(ttl int) error {
	var err error
	ctl := p.raw.Control(func(fd uintptr) {
		if p.to.Is4() {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, ttl)
		} else {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, ttl)
		}
	})
	return errors.Join(ctl, err)
}

// echo sends one request and waits for what comes back of it.
func (p *pinger) echo(ctx context.Context, seq int, payload []byte, timeout time.Duration) (answer, error) {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: p.id, Seq: seq, Data: payload}}
	if p.to.Is6() {
		m.Type = ipv6.ICMPTypeEchoRequest // the kernel adds the checksum
	}
	b, err := m.Marshal(nil)
	if err != nil {
		return answer{}, err
	}
	begin := time.Now()
	if err := p.file.SetDeadline(begin.Add(timeout)); err != nil {
		return answer{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.file.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := p.send(b); err != nil {
		return answer{}, err
	}
	for {
		a, mine, err := p.receive(seq, payload)
		switch {
		case ctx.Err() != nil:
			return a, ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return a, errSilence
		case err != nil:
			return a, err
		case mine:
			a.rtt = time.Since(begin)
			return a, nil
		}
	}
}

func (p *pinger) send(b []byte) error {
	var err error
	wait := p.raw.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), b, 0, p.dest)
		return err != unix.EAGAIN
	})
	if wait != nil {
		return wait
	}
	return err
}

// receive reads one message and says whether it is about the request. A raw
// socket sees those of everybody.
func (p *pinger) receive(seq int, payload []byte) (a answer, mine bool, err error) {
	var n int
	var from unix.Sockaddr
	wait := p.raw.Read(func(fd uintptr) bool {
		n, from, err = unix.Recvfrom(int(fd), p.buf, 0)
		return err != unix.EAGAIN
	})
	if wait != nil {
		return a, false, wait
	}
	if err != nil { // an error the kernel remembered for the socket
		return a, false, err
	}
	b := p.buf[:n]
	proto := unix.IPPROTO_ICMPV6
	if p.to.Is4() {
		proto = unix.IPPROTO_ICMP
		if len(b) < 20 || len(b) < int(b[0]&15)*4 {
			return a, false, nil
		}
		b = b[int(b[0]&15)*4:] // a raw IPv4 socket gets the IP header too
	}
	a.from = sockIP(from)
	m, perr := icmp.ParseMessage(proto, b)
	if perr != nil {
		return a, false, nil
	}
	switch body := m.Body.(type) {
	case *icmp.Echo:
		reply := m.Type == ipv4.ICMPTypeEchoReply || m.Type == ipv6.ICMPTypeEchoReply
		return a, reply && body.ID == p.id && body.Seq == seq && bytes.Equal(body.Data, payload), nil
	case *icmp.DstUnreach:
		a.why = a.from.String() + " says: " + unreachable(p.to.Is4(), m.Code)
		return a, p.quoted(body.Data, seq), nil
	case *icmp.TimeExceeded:
		a.hop, a.why = true, a.from.String()+" says: the packet has gone through too many routers"
		return a, p.quoted(body.Data, seq), nil
	case *icmp.PacketTooBig:
		a.sized, a.why = true, fmt.Sprintf("%s says: the packet is too big: at most %d bytes fit", a.from, body.MTU)
		return a, p.quoted(body.Data, seq), nil
	case *icmp.ParamProb:
		a.why = a.from.String() + " says: bad header"
		return a, p.quoted(body.Data, seq), nil
	}
	return a, false, nil
}

// quoted says whether the packet an ICMP error quotes is our request.
func (p *pinger) quoted(b []byte, seq int) bool {
	if p.to.Is4() {
		if len(b) < 20 || b[0]>>4 != 4 || len(b) < int(b[0]&15)*4+8 {
			return false
		}
		dst, _ := netip.AddrFromSlice(b[16:20])
		b = b[int(b[0]&15)*4:]
		if dst != p.to || b[0] != byte(ipv4.ICMPTypeEcho) {
			return false
		}
	} else {
		if len(b) < 48 || b[0]>>4 != 6 {
			return false
		}
		dst, _ := netip.AddrFromSlice(b[24:40])
		b = b[40:]
		if dst != p.to || b[0] != byte(ipv6.ICMPTypeEchoRequest) {
			return false
		}
	}
	return int(binary.BigEndian.Uint16(b[4:])) == p.id && int(binary.BigEndian.Uint16(b[6:])) == seq
}

func sockIP(sa unix.Sockaddr) netip.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr)
	}
	return netip.Addr{}
}

// Codes of "destination unreachable" in plain words: RFC 792 and RFC 1812
// section 5.2.7.1, RFC 4443 section 3.1.
var (
	unreachable4 = map[int]string{0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable",
		3: "port unreachable", 4: "the packet is too big and may not be cut up", 5: "source route failed",
		9: "network prohibited", 10: "host prohibited", 13: "filtered"}
	unreachable6 = map[int]string{0: "no route", 1: "prohibited", 2: "beyond the scope of the source address",
		3: "address unreachable", 4: "port unreachable", 5: "source address refused", 6: "route rejected"}
)

func unreachable(four bool, code int) string {
	words := unreachable6
	if four {
		words = unreachable4
	}
	if s, ok := words[code]; ok {
		return s
	}
	return fmt.Sprintf("destination unreachable (code %d)", code)
}

// sendWords puts an error of sending into plain words.
func sendWords(to netip.Addr, err error) string {
	switch errno := errnoOf(err); errno {
	case unix.ENETUNREACH, unix.EHOSTUNREACH:
		return fmt.Sprintf("no route to %s", to)
	case unix.ENETDOWN:
		return fmt.Sprintf("the interface towards %s is down", to)
	case unix.EACCES, unix.EPERM:
		return fmt.Sprintf("packets to %s are prohibited here", to)
	case unix.EINVAL:
		return fmt.Sprintf("packets to %s are dropped here", to) // a blackhole route
	case unix.EMSGSIZE:
		return fmt.Sprintf("the packet to %s is too big", to)
	case unix.EADDRNOTAVAIL:
		return fmt.Sprintf("no address to send to %s from", to)
	}
	return err.Error()
}
