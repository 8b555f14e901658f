package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/journal"
	"vnet/runtime/kernel/image"
)

// A portrait is what all named namespaces are like, in the form that is the
// same for two builds of one network.
type portrait map[string]image.Fingerprint

// sampled is in how many namespaces all of /proc/sys/net is read; the others
// are compared by what netlink tells of them.
const sampled = 20

// portray looks at all that has a name.
func portray(ctx context.Context) (portrait, error) {
	names, err := spaceNames()
	if err != nil {
		return nil, err
	}
	p := portrait{}
	for i, name := range names {
		parts := image.Parts(0)
		if i%(1+len(names)/sampled) == 0 {
			parts = image.Sysctls | image.Features | image.Groups
		}
		f, err := os.Open(runDir + "/" + name)
		if err != nil {
			return nil, err
		}
		img, err := image.Take(ctx, int(f.Fd()), parts)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", name, err)
		}
		p[name] = img.Fingerprint(image.Portable)
	}
	return p, nil
}

// differ says how b is another network than a; nothing when it is the same.
func differ(a, b portrait) []string {
	var out []string
	for name := range a {
		if _, ok := b[name]; !ok {
			out = append(out, "no namespace "+name)
			continue
		}
		for _, line := range image.Diff(a[name], b[name]) {
			out = append(out, name+": "+line)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			out = append(out, "another namespace: "+name)
		}
	}
	return out
}

// patience is how long a network may take to come to rest: duplicate address
// detection, and the groups that addresses join then, come after the build.
const patience = 30 * time.Second

// same waits until what stands is the network that want shows, and says how it
// is another when it does not become that.
func same(ctx context.Context, want portrait) error {
	var found []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		is, err := portray(ctx)
		if err != nil {
			return err
		}
		if found = differ(want, is); len(found) == 0 {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d differences: %q", len(found), found[:min(len(found), 5)])
}

// atRest waits until a network does not change any more, and portrays it.
func atRest(ctx context.Context) (portrait, error) {
	before, err := portray(ctx)
	for err == nil {
		if err = pause(ctx, 2*time.Second); err != nil {
			break
		}
		var is portrait
		if is, err = portray(ctx); err == nil && len(differ(before, is)) == 0 {
			return is, nil
		}
		before = is
	}
	return nil, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// clearAll takes away whatever stands, without measuring it, and what vnet has
// kept of it.
func clearAll(ctx context.Context) error {
	held, err := unname()
	err = errors.Join(err, os.RemoveAll(journal.Root))
	for _, fd := range held {
		unix.Close(fd)
	}
	if err != nil {
		return err
	}
	return settle(ctx)
}
