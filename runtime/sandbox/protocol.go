package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A request is what a client wants to have run. Its descriptors come along
// (SCM_RIGHTS, unix(7)): the program, and its three standard streams. It is the
// client's own program that runs, so that a holder that is older than vnet
// knows no less.
//
// On the wire it is its length, four bytes, big endian, with the descriptors,
// and then JSON. What follows, both ways, are JSON values: an order to the
// holder, an answer from it.
type request struct {
	Argv  []string
	Env   []string
	Dir   string
	Umask int
	Links []string // the interfaces of the real machine
	Last  bool     // when nothing is left after this, nothing is expected to come

	Terminal bool // its standard input is to be the controlling terminal of a session of its own
}

const (
	requestFiles = 4 // program, standard input, output, error
	maxRequest   = 16 << 20
)

// An order is a signal for the job.
type order struct{ Signal int }

// An answer tells the client of its job; one of the fields is set.
type answer struct {
	Started bool   `json:",omitempty"`
	Refused string `json:",omitempty"` // it could not be started
	Stopped bool   `json:",omitempty"` // by Ctrl-Z
	Exit    *int   `json:",omitempty"`
}

func send(c *net.UnixConn, r request, files []*os.File) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(body) > maxRequest {
		return errors.New("the arguments and the environment are too long")
	}
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	if _, _, err := c.WriteMsgUnix(head, unix.UnixRights(fds...), nil); err != nil {
		return err
	}
	_, err = c.Write(body)
	return err
}

// receive reads a request. The caller closes the files, also after an error.
func receive(c *net.UnixConn) (r request, files []*os.File, err error) {
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return r, nil, err
	}
	head, oob := make([]byte, 4), make([]byte, unix.CmsgSpace(requestFiles*4))
	n, oobn, flags, _, err := c.ReadMsgUnix(head, oob)
	if err != nil {
		return r, nil, err
	}
	files = rights(oob[:oobn])
	if n < len(head) {
		_, err = io.ReadFull(c, head[n:])
	}
	length := binary.BigEndian.Uint32(head)
	switch {
	case err != nil:
		return r, files, err
	case flags&unix.MSG_CTRUNC != 0 || len(files) != requestFiles:
		return r, files, fmt.Errorf("%d descriptors came, not %d", len(files), requestFiles)
	case length > maxRequest:
		return r, files, errors.New("a request that is too long")
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c, body); err != nil {
		return r, files, err
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, files, err
	}
	if len(r.Argv) == 0 {
		return r, files, errors.New("a request without a command")
	}
	return r, files, c.SetReadDeadline(time.Time{})
}

// rights opens the descriptors that came with a message.
func rights(oob []byte) []*os.File {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files
}

// samePeer reports whether whoever is at the other end is this user. Other
// users are 65534 to one who is alone in a user namespace.
func samePeer(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	same := false
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		same = err == nil && int(cred.Uid) == os.Geteuid()
	})
	return err == nil && same
}
