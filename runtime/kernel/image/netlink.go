package image

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// dumpTries is how often a list that changed while it was read is asked for
// again (NLM_F_DUMP_INTR). Duplicate address detection alone can cause it.
const dumpTries = 64

var (
	errInterrupted = errors.New("the network changed while it was being listed")
	errLost        = errors.New("netlink: the kernel's answer did not fit")
)

// A Message is one netlink message as the kernel gave it: its type, and all
// behind struct nlmsghdr.
type Message struct {
	Type uint16 `json:"t"`
	Data []byte `json:"d"`
}

func (m Message) equal(other Message) bool {
	return m.Type == other.Type && bytes.Equal(m.Data, other.Data)
}

// A socket is a netlink socket of one namespace, for one goroutine.
type socket struct {
	fd  int
	seq uint32
	buf []byte
}

// openSocket opens a socket in the namespace of the calling thread.
func openSocket(protocol int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK, unix.NETLINK_GET_STRICT_CHK} {
		_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, 1) // absent before 4.12, 4.20
	}
	// An answer that never comes would be a bug; a bug should not hang.
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30})
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	return &socket{fd: fd, buf: make([]byte, 64<<10)}, nil
}

func (s *socket) close() { unix.Close(s.fd) }

// Failpoint is called before each message that may change something, and
// before a file of the kernel's is written, with "step". Tests have the process
// die there.
var Failpoint func(at string)

func step() {
	if Failpoint != nil {
		Failpoint("step")
	}
}

func (s *socket) send(kind, flags uint16, body []byte) (seq uint32, err error) {
	s.seq++
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	native.PutUint32(b, uint32(unix.SizeofNlMsghdr+len(body)))
	native.PutUint16(b[4:], kind)
	native.PutUint16(b[6:], flags|unix.NLM_F_REQUEST)
	native.PutUint32(b[8:], s.seq)
	if kind%4 != 2 { // new, del, get and set (rtnetlink(7)): it is no question
		step()
	}
	if err := unix.Sendto(s.fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, fmt.Errorf("netlink send: %w", err)
	}
	return s.seq, nil
}

// receive reads one datagram.
func (s *socket) receive(see func(seq uint32, kind, flags uint16, body []byte)) error {
	n, _, flags, _, err := unix.Recvmsg(s.fd, s.buf, nil, 0)
	for err == unix.EINTR {
		n, _, flags, _, err = unix.Recvmsg(s.fd, s.buf, nil, 0)
	}
	if err != nil {
		return fmt.Errorf("netlink receive: %w", err)
	}
	if flags&unix.MSG_TRUNC != 0 {
		return errLost
	}
	for b := s.buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
		size := int(native.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return errLost
		}
		see(native.Uint32(b[8:]), native.Uint16(b[4:]), native.Uint16(b[6:]), b[unix.SizeofNlMsghdr:size])
		b = b[min(align(size), len(b)):]
	}
	return nil
}

// dump asks for a list, again if it changed while it was being read. What the
// kernel does not know (EOPNOTSUPP and the like) is an empty list.
func (s *socket) dump(kind uint16, body []byte) ([]Message, error) {
	for range dumpTries {
		list, err := s.dumpOnce(kind, body)
		switch {
		case errors.Is(err, errInterrupted):
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.ENODEV):
			return nil, nil
		default:
			return list, err
		}
	}
	return nil, errInterrupted
}

func (s *socket) dumpOnce(kind uint16, body []byte) (list []Message, failure error) {
	want, err := s.send(kind, unix.NLM_F_DUMP, body)
	if err != nil {
		return nil, err
	}
	for done := false; !done; {
		err := s.receive(func(seq uint32, got, flags uint16, body []byte) {
			if seq != want || done {
				return
			}
			if flags&unix.NLM_F_DUMP_INTR != 0 {
				failure = errInterrupted
			}
			switch got {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				if code := refusal(body); code != nil {
					failure = code
				}
			default:
				list = append(list, Message{got, append([]byte(nil), body...)})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return list, failure
}

// refusal reads the number at the head of NLMSG_DONE and NLMSG_ERROR.
func refusal(body []byte) error {
	if len(body) < 4 {
		return nil
	}
	if code := int32(native.Uint32(body)); code < 0 {
		return syscall.Errno(-code)
	}
	return nil
}

// do sends a request and returns the kernel's answers.
func (s *socket) do(kind, flags uint16, body []byte) (answers []Message, failure error) {
	want, err := s.send(kind, flags|unix.NLM_F_ACK, body)
	if err != nil {
		return nil, err
	}
	for done := false; !done; {
		err := s.receive(func(seq uint32, got, flags uint16, body []byte) {
			switch {
			case seq != want || done:
			case got == unix.NLMSG_ERROR:
				done = true
				failure = refused(flags, body)
			default:
				answers = append(answers, Message{got, append([]byte(nil), body...)})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return answers, failure
}

// nlmsgerrMsg is NLMSGERR_ATTR_MSG, the kernel's words.
const nlmsgerrMsg = 1

func refused(flags uint16, body []byte) error {
	err := refusal(body)
	if err == nil || flags&unix.NLM_F_ACK_TLVS == 0 || len(body) < 4+unix.SizeofNlMsghdr {
		return err
	}
	skip := unix.SizeofNlMsghdr
	if flags&unix.NLM_F_CAPPED == 0 {
		skip = align(int(native.Uint32(body[4:])))
	}
	if 4+skip <= len(body) {
		if text := cString(find(body[4+skip:], nlmsgerrMsg)); text != "" {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	return err
}
