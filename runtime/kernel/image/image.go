// Package image takes pictures of a network namespace: an Image holds all that
// the kernel tells of it, as raw netlink, so that nothing is lost that is not
// understood. Two images are compared by their fingerprints (Image.Facts,
// Diff); Restore makes what a transaction touched again what an image shows.
package image

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Parts chooses what an image holds beyond links, addresses, routes, rules,
// nexthops, neighbours, bridge tables and traffic control.
type Parts uint

const (
	Sysctls  Parts = 1 << iota // /proc/sys/net, some 840 files
	NFT                        // nftables; forks nft(8) where there are tables
	Features                   // offload features, by ethtool netlink
	Sysfs                      // how the MAC was assigned, and the like
	Groups                     // multicast memberships
	XFRM                       // IPsec policies and states

	All Parts = 1<<iota - 1

	// Shared is what of Sysctls is no link's. What is a link's comes with
	// closeups.
	Shared Parts = 1 << 16
)

// An Image is what the kernel told of a namespace. It can be written as JSON
// and read back; then it says the same.
type Image struct {
	Parts Parts `json:"parts"`
	// Taken is when, on the clock that counts the lifetimes of addresses.
	Taken time.Time `json:"taken"`
	// Dumps are the kernel's lists, by section, in its order.
	Dumps map[section][]Message `json:"dumps"`
	// Peers names the namespaces that links lead to, by the number they have
	// here. Those without a name are missing.
	Peers map[int32]string `json:"peers,omitempty"`
	// Far names the other ends of veths that lead there, by the link here.
	Far map[string]string `json:"far,omitempty"`
	// Sysctl are the parameters below /proc/sys/net, by path: ipv4/ip_forward.
	Sysctl map[string]string `json:"sysctl,omitempty"`
	// Sysfs are settings of links that netlink does not tell: v0/addr_assign_type.
	Sysfs map[string]string `json:"sysfs,omitempty"`
	// Groups are the tables of multicast memberships in /proc/net, by file.
	Groups map[string]string `json:"groups,omitempty"`
	// Tables are the tables of nftables, as nft(8) lists them.
	Tables []Table `json:"tables,omitempty"`
	// Notes say what could not be looked at, and why.
	Notes []string `json:"notes,omitempty"`

	shown map[string]bool // subjects of closeups, by ID
}

// A Table is a table of nftables.
type Table struct {
	Name string `json:"name"` // with the family: inet filter
	Text string `json:"text"`
	// Foreign tables belong to a running program (flags owner); nobody else can
	// change them.
	Foreign bool `json:"foreign,omitempty"`
}

// Take takes an image of the namespace that ns is an open descriptor of.
func Take(ctx context.Context, ns int, parts Parts) (*Image, error) {
	var img *Image
	err := inside(ns, func() error {
		c, err := open()
		if err != nil {
			return err
		}
		defer c.close()
		img, err = c.take(ctx, parts)
		return err
	})
	return img, err
}

// inside does something on a thread in the namespace. The thread is not used
// for anything else and dies.
func inside(ns int, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the namespace: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

// A camera looks at the namespace of the thread it was opened on.
type camera struct {
	route   *socket
	generic *socket
	ethtool uint16 // the number of the family, 0 when there is none
	sysfs   int    // a detached mount of the namespace's /sys, -1 for none
}

func open() (*camera, error) {
	s, err := openSocket(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &camera{route: s, sysfs: -1}, nil
}

func (c *camera) close() {
	c.route.close()
	if c.generic != nil {
		c.generic.close()
	}
	if c.sysfs >= 0 {
		unix.Close(c.sysfs)
	}
}

func (c *camera) take(ctx context.Context, parts Parts) (*Image, error) {
	img := &Image{Parts: parts, Taken: time.Now(), Dumps: map[section][]Message{}}
	steps := []struct {
		part Parts
		do   func(*Image) error
	}{
		{0, func(img *Image) error { return c.takeDumps(img) }}, {0, c.takeTraffic}, {0, c.takePeers},
		{Sysctls, takeSysctls}, {Shared, takeShared}, {Sysfs, c.takeSysfs}, {Groups, takeGroups},
		{Features, c.takeFeatures}, {XFRM, takeXFRM},
		{NFT, func(img *Image) error { return takeTables(ctx, img) }},
	}
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if s.part != 0 && parts&s.part == 0 {
			continue
		}
		if err := s.do(img); err != nil {
			return nil, fmt.Errorf("look at the namespace: %w", err)
		}
	}
	return img, nil
}

// note remembers what could not be looked at.
func (img *Image) note(format string, args ...any) {
	img.Notes = append(img.Notes, fmt.Sprintf(format, args...))
}

// absent reports whether an error says that the kernel has no such thing.
func absent(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPROTONOSUPPORT) ||
		errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENODEV)
}
