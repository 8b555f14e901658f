package kernel

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Limits of one send: the kernel answers while it reads, and what does not fit
// the receive buffer (212,992 bytes by default, some 270 refusals) is lost with
// ENOBUFS.
const (
	sendMessages = 128
	sendBytes    = 48 << 10
)

// dumpTries is how often a dump that changed while it was read is asked for
// again (NLM_F_DUMP_INTR); duplicate address detection alone can cause it.
const dumpTries = 32

// A conn is a NETLINK_ROUTE socket (rtnetlink(7)) of one namespace. The kernel
// works on a request within send, so an answer never has to be waited for.
type conn struct {
	mu  sync.Mutex
	fd  int
	seq uint32
}

// answerBytes is the most that is read at once. All connections share what they
// read into: of a thousand few are read from at a time.
const answerBytes = 64 << 10

var answers = sync.Pool{New: func() any { return new([answerBytes]byte) }}

// A reply is what the kernel said to one message.
type reply struct {
	errno  syscall.Errno
	text   string // NLMSGERR_ATTR_MSG
	offset int    // NLMSGERR_ATTR_OFFS; 0 when not said
	data   [][]byte
	acked  bool
}

var (
	errInterrupted = errors.New("the network changed while it was being listed")
	errLost        = errors.New("netlink: the kernel's answer did not fit")
)

// openConn opens a connection in the namespace of the calling thread. The
// kernel adds its words to errors (EXT_ACK), leaves out the request they are
// about (CAP_ACK), and honours filters of dumps (GET_STRICT_CHK).
func openConn() (*conn, error) { return openFamily(unix.NETLINK_ROUTE) }

func openFamily(protocol int) (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK, unix.NETLINK_GET_STRICT_CHK} {
		_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, 1) // absent before 4.12, 4.20: poorer errors
	}
	// An answer that never comes would be a bug; a bug should not hang.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30})
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	return &conn{fd: fd}, nil
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

// do sends messages, as many at a time as fit, and returns what the kernel
// said to each. The kernel goes on after an error, and so does do within one
// send; what would be the next send is not tried then, and has no reply.
func (c *conn) do(msgs ...*message) ([]*reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	replies := make([]*reply, 0, len(msgs))
	for len(msgs) > 0 {
		n, size := 0, 0
		for n < len(msgs) && n < sendMessages && (n == 0 || size+len(msgs[n].buf) <= sendBytes) {
			size += len(msgs[n].buf)
			n++
		}
		got, err := c.exchange(msgs[:n], size)
		replies = append(replies, got...)
		if err != nil {
			return replies, err
		}
		for _, r := range got {
			if r.errno != 0 {
				return replies, nil
			}
		}
		msgs = msgs[n:]
	}
	return replies, nil
}

// ask sends one message.
func (c *conn) ask(m *message) (*reply, error) {
	replies, err := c.do(m)
	if err != nil {
		return nil, err
	}
	return replies[0], nil
}

// exchange sends messages and reads what the kernel says to them. It works on
// them in order and says so of each that it refuses: that the last one is
// acknowledged tells that those it said nothing of are done.
func (c *conn) exchange(msgs []*message, size int) ([]*reply, error) {
	first, last := c.seq+1, len(msgs)-1
	out := make([]byte, 0, size)
	replies := make([]*reply, len(msgs))
	for i, m := range msgs {
		c.seq++
		native.PutUint32(m.buf, uint32(len(m.buf)))
		native.PutUint32(m.buf[8:], c.seq)
		flags := m.flags() &^ unix.NLM_F_ACK
		if i == last {
			flags |= unix.NLM_F_ACK
		}
		native.PutUint16(m.buf[6:], flags)
		out = append(out, m.buf...)
		replies[i] = &reply{}
	}
	if changes(msgs) {
		failpoint()
	}
	if err := unix.Sendto(c.fd, out, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink send: %w", err)
	}
	for !replies[last].acked {
		err := c.receive(func(seq uint32, kind, flags uint16, body []byte) {
			i := int(seq - first)
			if i < 0 || i >= len(msgs) || replies[i].acked {
				return
			}
			if kind != unix.NLMSG_ERROR {
				replies[i].data = append(replies[i].data, append([]byte(nil), body...))
				return
			}
			replies[i].acked = true
			replies[i].fill(flags, body)
		})
		if err != nil {
			return replies, err
		}
	}
	for _, r := range replies {
		r.acked = true
	}
	return replies, nil
}

// changes reports whether one of the messages is more than a question: the
// kinds come in groups of four, new, del, get and set (rtnetlink(7)).
func changes(msgs []*message) bool {
	return slices.ContainsFunc(msgs, func(m *message) bool { return native.Uint16(m.buf[4:])%4 != 2 })
}

// fill reads an acknowledgement: struct nlmsgerr and the attributes behind it.
func (r *reply) fill(flags uint16, body []byte) {
	if len(body) < 4+unix.SizeofNlMsghdr {
		r.errno = unix.EPROTO
		return
	}
	r.errno = syscall.Errno(-int32(native.Uint32(body)))
	skip := unix.SizeofNlMsghdr
	if flags&unix.NLM_F_CAPPED == 0 && r.errno != 0 {
		skip = align(int(native.Uint32(body[4:])))
	}
	if flags&unix.NLM_F_ACK_TLVS == 0 || 4+skip > len(body) {
		return
	}
	a := parseAttrs(body[4+skip:])
	r.text = a.text(nl.NLMSGERR_ATTR_MSG)
	r.offset = int(a.u32(nl.NLMSGERR_ATTR_OFFS))
}

// receive reads one datagram of answers; see may not keep what it is shown.
func (c *conn) receive(see func(seq uint32, kind, flags uint16, body []byte)) error {
	buf := answers.Get().(*[answerBytes]byte)
	defer answers.Put(buf)
	n, _, flags, _, err := unix.Recvmsg(c.fd, buf[:], nil, 0)
	for err == unix.EINTR {
		n, _, flags, _, err = unix.Recvmsg(c.fd, buf[:], nil, 0)
	}
	if err != nil {
		return fmt.Errorf("netlink receive: %w", err)
	}
	if flags&unix.MSG_TRUNC != 0 {
		return errLost
	}
	for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
		size := int(native.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return errLost
		}
		see(native.Uint32(b[8:]), native.Uint16(b[4:]), native.Uint16(b[6:]), b[unix.SizeofNlMsghdr:size])
		b = b[min(align(size), len(b)):]
	}
	return nil
}

// dump asks for a list, again if it changed while it was being read.
func (c *conn) dump(m *message, kind uint16) ([][]byte, error) {
	for range dumpTries {
		list, err := c.dumpOnce(m, kind)
		if !errors.Is(err, errInterrupted) {
			return list, err
		}
	}
	return nil, errInterrupted
}

func (c *conn) dumpOnce(m *message, kind uint16) (list [][]byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	want := c.seq
	native.PutUint32(m.buf, uint32(len(m.buf)))
	native.PutUint32(m.buf[8:], want)
	native.PutUint16(m.buf[6:], m.flags()|unix.NLM_F_DUMP)
	if err := unix.Sendto(c.fd, m.buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink send: %w", err)
	}
	var failure error
	for done := false; !done; {
		err := c.receive(func(seq uint32, got, flags uint16, body []byte) {
			if seq != want || done {
				return
			}
			if flags&unix.NLM_F_DUMP_INTR != 0 {
				failure = errInterrupted
			}
			switch got {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				if len(body) >= 4 {
					if code := int32(native.Uint32(body)); code < 0 {
						failure = syscall.Errno(-code)
					}
				}
			case kind:
				list = append(list, append([]byte(nil), body...))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return list, failure
}
