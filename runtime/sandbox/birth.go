package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// HoldWord is the subcommand by which vnet becomes the holder.
const HoldWord = "hold"

// The descriptors of a holder.
const (
	readyFD  = 3 // a pipe: what went wrong, or that all is well
	socketFD = 4 // listens
	placeFD  = 5 // the directory of the socket
)

// ready is what a holder says when it begins.
type ready struct {
	Step  string // what failed; empty: nothing
	Errno int
	Text  string
}

// startHolder starts vnet in namespaces of its own and waits until it is ready.
func startHolder(socket, dir *os.File) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	attributes := apart()
	attributes.Setsid = true // it outlives who starts it, and no terminal reaches it
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{os.Args[0], HoldWord}, Dir: "/",
		// It speaks for nobody; what it needs its jobs bring along.
		Env:         []string{"PATH=" + os.Getenv("PATH")},
		ExtraFiles:  []*os.File{w, socket, dir},
		SysProcAttr: attributes,
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return Explain(err)
	}
	var said ready
	err = json.NewDecoder(r).Decode(&said)
	if err == nil && said.Step == "" {
		return cmd.Process.Release()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	switch {
	case errors.Is(err, io.EOF):
		return &Trouble{Summary: "cannot make a private network: " + errUnready.Error()}
	case err != nil:
		return err
	case said.Errno == 0:
		return &Trouble{Summary: "cannot make a private network: " + said.Step + ": " + said.Text}
	}
	t := Explain(syscall.Errno(said.Errno))
	t.Kernel = said.Step + ": " + t.Kernel
	return t
}
