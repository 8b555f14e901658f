package kernel

import (
	"context"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"

	"golang.org/x/sys/unix"
)

// NewScratch returns a host of namespaces that bear these names for it alone:
// nobody else can find them, the starting one is among them, and they are gone
// when it is closed. In it one sees what operations would make.
func NewScratch(names []string) (*Host, error) {
	h, err := New()
	if err != nil {
		return nil, err
	}
	for _, ns := range append([]string{host.Start}, names...) {
		sp, err := oneSpace()
		if err == nil {
			err = sp.tell(setFlags(1, unix.IFF_UP, unix.IFF_UP))
		}
		if err != nil {
			if sp != nil {
				sp.close()
			}
			_ = h.Close()
			return nil, err
		}
		sp.name, sp.nameless = ns, true
		h.spaces[ns] = sp
	}
	return h, nil
}

// Image takes a picture of a namespace.
func (h *Host) Image(ctx context.Context, ns string, parts image.Parts) (*image.Image, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	sp, done, err := h.peek(ns)
	if err != nil {
		return nil, err
	}
	defer done()
	return image.Take(ctx, int(sp.fd), parts)
}
