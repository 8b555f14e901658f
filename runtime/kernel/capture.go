package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

const (
	captureRoom  = 8 << 20   // bytes of frames that may wait
	captureFrame = 256 << 10 // a frame of GSO is larger than any MTU

	auxSize      = 20 // struct tpacket_auxdata
	vlanValid    = 1 << 4
	vlanProtocol = 1 << 6 // TP_STATUS_VLAN_TPID_VALID

	linkEthernet = 1
	linkRawIP    = 101
)

// A Listening is a set of interfaces whose frames wait to be read
// (packet(7)).
type Listening struct {
	taps  []host.Tap
	files []*os.File
}

// Listen begins to listen to interfaces: from here on nothing is missed but
// what the kernel counts as dropped.
func (h *Host) Listen(ctx context.Context, ends []host.End) (*Listening, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	s := &Listening{}
	for _, end := range ends {
		if err := ctx.Err(); err != nil {
			s.Close()
			return nil, err
		}
		if err := s.add(h, end); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *Listening) add(h *Host, end host.End) error {
	sp, err := h.space(end.NS)
	if err != nil {
		return err
	}
	l, err := sp.link(end.Name)
	if err != nil {
		return err
	}
	if l == nil {
		return noLink(end.NS, end.Name, "")
	}
	return sp.at(func() error {
		// Protocol 0: nothing is taken in before it is bound to one interface.
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return entering(end.NS, err)
		}
		f := os.NewFile(uintptr(fd), "packet")
		if err := prepare(fd, l.index); err != nil {
			f.Close()
			return failed(errnoOf(err), host.FieldName, "listen to %s:%s", end.NS, end.Name)
		}
		kind := linkEthernet
		if l.kind == "tun" {
			kind = linkRawIP
		}
		s.taps = append(s.taps, host.Tap{End: end, LinkType: kind})
		s.files = append(s.files, f)
		return nil
	})
}

func prepare(fd, index int) error {
	for _, o := range []struct{ level, option int }{
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS}, {unix.SOL_PACKET, unix.PACKET_AUXDATA},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.option, 1); err != nil {
			return err
		}
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureRoom) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, captureRoom)
	}
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}) // in the order of the net
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index}); err != nil {
		return err
	}
	mreq := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq)
}

// Taps tells what is listened to, with what the kernel has counted so far.
func (s *Listening) Taps() []host.Tap { return s.taps }

// Close ends the listening.
func (s *Listening) Close() {
	for _, f := range s.files {
		f.Close()
	}
}

// Read hands each frame on, one at a time, until ctx ends or see returns an
// error, which is given back.
func (s *Listening) Read(ctx context.Context, see func(tap int, f host.Frame) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		for _, f := range s.files {
			_ = f.SetReadDeadline(time.Now())
		}
	})
	defer stop()
	var one sync.Mutex
	var failure error
	var readers sync.WaitGroup
	for i, f := range s.files {
		readers.Go(func() {
			err := readFrames(ctx, f, func(fr host.Frame) error {
				one.Lock()
				defer one.Unlock()
				if ctx.Err() != nil {
					return nil
				}
				return see(i, fr)
			})
			if err != nil {
				one.Lock()
				defer one.Unlock()
				if failure == nil {
					failure = err
				}
				cancel()
			}
		})
	}
	readers.Wait()
	for i, f := range s.files {
		s.count(i, f)
	}
	return failure
}

// count adds what the kernel has counted since it was last asked.
func (s *Listening) count(i int, f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if st, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			s.taps[i].Received += uint64(st.Packets)
			s.taps[i].Dropped += uint64(st.Drops)
		}
	})
}

func readFrames(ctx context.Context, f *os.File, see func(host.Frame) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	buf, oob := make([]byte, captureFrame+4), make([]byte, 256)
	for {
		var n, oobn int
		var from unix.Sockaddr
		err := raw.Read(func(fd uintptr) bool {
			n, oobn, _, from, err = unix.Recvmsg(int(fd), buf[4:], oob, unix.MSG_TRUNC)
			return err != unix.EAGAIN && err != unix.EINTR
		})
		switch {
		case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return err
		}
		frame := host.Frame{At: time.Now(), Size: n, Data: buf[4 : 4+min(n, captureFrame)]}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok {
			frame.Out = ll.Pkttype == unix.PACKET_OUTGOING
		}
		frame = annotate(frame, buf, oob[:oobn])
		if err := see(frame); err != nil {
			return err
		}
	}
}

// annotate adds the kernel's timestamp, and puts back the VLAN tag that it
// takes out of frames (packet(7), PACKET_AUXDATA).
func annotate(f host.Frame, buf, oob []byte) host.Frame {
	msgs, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return f
	}
	for _, m := range msgs {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16:
			f.At = time.Unix(int64(native.Uint64(m.Data)), int64(native.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= auxSize:
			status := native.Uint32(m.Data)
			if status&vlanValid == 0 || len(f.Data) < 12 {
				continue
			}
			protocol := uint16(0x8100)
			if status&vlanProtocol != 0 {
				protocol = native.Uint16(m.Data[18:])
			}
			copy(buf, buf[4:16]) // the addresses move, the tag takes their place
			binary.BigEndian.PutUint16(buf[12:], protocol)
			binary.BigEndian.PutUint16(buf[14:], native.Uint16(m.Data[16:]))
			f.Data, f.Size = buf[:len(f.Data)+4], f.Size+4
		}
	}
	return f
}
