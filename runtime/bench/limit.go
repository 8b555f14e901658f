package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// runDir is where ip-netns(8) keeps the names of namespaces.
const runDir = "/run/netns"

// limit is the least that has to be done: what only this network needs, with
// no script, no check, no way back. See runtime/DESIGN.md for what each trick
// is worth.
//
//	@limit build SHAPE N | true | down
func limit(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "build":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return limitBuild(shapeOf[args[1]].network(n))
	case len(args) == 1 && args[0] == "true":
		return limitTrue()
	case len(args) == 1 && args[0] == "down":
		return limitDown()
	}
	return fmt.Errorf("%q is not for the limit", args)
}

// A place is a namespace that the limit made.
type place struct {
	space
	fd    int
	sock  socket
	links int // how many there are
	first batch
	then  batch
	last  batch
}

// next chooses the index of the next link: nothing is ever asked back.
func (p *place) next() int {
	p.links++
	return p.links
}

// inPairs does something for each index up to n, on two threads of their own.
// More gain nothing, since the kernel has one lock for all networks.
func inPairs(n int, do func(i int) error) error {
	var next atomic.Int64
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() {
			runtime.LockOSThread() // never unlocked: it ends in another namespace
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					errs <- nil
					return
				}
				if err := do(i); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return errors.Join(<-errs, <-errs)
}

func limitBuild(net *network) error {
	if err := shareNames(); err != nil {
		return err
	}
	places := make([]*place, len(net.Spaces))
	err := inPairs(len(places), func(i int) (err error) {
		places[i], err = found(net.Spaces[i])
		return err
	})
	if err != nil {
		return err
	}
	byName := make(map[string]*place, len(places))
	for _, p := range places {
		byName[p.Name] = p
		p.then.up(1)
	}
	bridges := map[string]int{}
	for _, br := range net.Bridges {
		p := byName[br.NS]
		index := p.next()
		bridges[br.NS+":"+br.Name] = index
		p.first.bridge(br.Name, index, true, 0)
		p.last.up(index)
		p.last.address(index, br.Addr)
		p.last.bridge(br.Name, index, false, 1)
	}
	for _, c := range net.Cables {
		if c[1].Bridge != "" {
			c[0], c[1] = c[1], c[0] // only the first can be born as a port
		}
		lay(byName[c[0].NS], byName[c[1].NS], c, bridges)
	}
	for _, p := range places { // by now its addresses stand before them
		for _, r := range p.Routes {
			p.then.route(r)
		}
	}
	for _, pass := range []func(*place) *batch{
		func(p *place) *batch { return &p.first },
		func(p *place) *batch { return &p.then },
		func(p *place) *batch { return &p.last },
	} {
		for _, p := range places {
			if err := p.sock.send(pass(p)); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// lay writes down what one cable takes.
func lay(a, b *place, c [2]end, bridges map[string]int) {
	one := side{name: c[0].Name, index: a.next(), port: bridges[c[0].NS+":"+c[0].Bridge]}
	one.up = one.port == 0
	two := side{name: c[1].Name, index: b.next(), fd: b.fd}
	a.first.veth(one, two)
	if one.up {
		a.then.address(one.index, c[0].Addr)
	} else {
		a.last.up(one.index)
	}
	b.then.up(two.index)
	b.then.address(two.index, c[1].Addr)
}

// found makes a namespace with its name, and stays in it.
func found(s space) (*place, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	p := &place{space: s, links: 1}
	path := runDir + "/" + s.Name
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	unix.Close(fd)
	if p.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return nil, err
	}
	if err := unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""); err != nil {
		return nil, err
	}
	if s.Forward {
		for _, key := range []string{"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"} {
			if err := os.WriteFile(key, []byte("1"), 0); err != nil {
				return nil, err
			}
		}
	}
	p.sock, err = openSocket()
	return p, err
}

// shareNames makes /run/netns what `ip netns add` makes of it.
func shareNames() error {
	if err := os.Mkdir(runDir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if unix.Mount("", runDir, "none", unix.MS_SHARED|unix.MS_REC, "") == nil {
		return nil
	}
	if err := unix.Mount(runDir, runDir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("", runDir, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// limitTrue runs true(1) in each namespace, one after the other as all do.
func limitTrue() error {
	names, err := spaceNames()
	if err != nil {
		return err
	}
	program, err := exec.LookPath("true")
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	for _, name := range names {
		fd, err := unix.Open(runDir+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		err = unix.Setns(fd, unix.CLONE_NEWNET)
		unix.Close(fd)
		if err == nil {
			err = (&exec.Cmd{Path: program, Args: []string{"true"}}).Run()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// limitDown takes all names away, and holds the namespaces until it ends: one
// that dies has the kernel's lock.
func limitDown() error {
	_, err := unname()
	return err
}

// unname takes all names away, and returns the namespaces that had them.
func unname() (held []int, err error) {
	names, err := spaceNames()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		fd, err := unix.Open(runDir+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return held, err
		}
		held = append(held, fd)
	}
	for _, name := range names {
		path := runDir + "/" + name
		if err := errors.Join(unix.Unmount(path, unix.MNT_DETACH), unix.Unlink(path)); err != nil {
			return held, err
		}
	}
	return held, nil
}

// spaceNames lists the namespaces that have a name.
func spaceNames() ([]string, error) {
	entries, err := os.ReadDir(runDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}
