package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// atOnce is how many links one piece of a closeup shows: some 5 kB each.
const atOnce = 64

// What is shown is of one namespace, as what is saved.
type shown struct {
	*image.Closeup
	Space uint64 `json:"space"`
}

// Closeup takes closeups of what an operation touches. What has not to be looked
// at, or is not there, is left out.
func (h *Host) Closeup(ctx context.Context, ns string, op host.Op, fresh func(what, link string) bool) ([]json.RawMessage, error) {
	set := touched(ns, []host.Op{op})
	if len(set.Links)+len(set.Sysctls) == 0 {
		return nil, nil
	}
	r := h.reach()
	defer r.close()
	sp, err := r.about(ns, op)
	if sp == nil || err != nil {
		return nil, err
	}
	id, err := sp.id()
	if err != nil {
		return nil, err
	}
	var failure error
	subjects := set.Subjects(func(ref image.LinkRef) (int32, string) {
		l, err := sp.find(ref)
		if failure == nil {
			failure = err
		}
		if l == nil {
			return 0, ""
		}
		return int32(l.index), l.name
	})
	if failure != nil {
		return nil, failure
	}
	subjects = slices.DeleteFunc(subjects, func(s image.Subject) bool { return !fresh(s.ID(), s.Name) })
	var pieces []json.RawMessage
	for some := range slices.Chunk(subjects, atOnce) {
		c, err := image.TakeCloseup(ctx, int(sp.fd), some)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(shown{c, id})
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, data)
	}
	return pieces, nil
}

// about finds the namespace of a name that an operation touches; nil when it is
// gone. What was deleted takes others along also where they are parked.
func (r *reach) about(ns string, op host.Op) (*space, error) {
	sp, err := r.h.space(ns)
	if back, ok := op.(host.LinkExhume); ok {
		for _, t := range back.Tombs() {
			if t.NS == ns {
				sp, err = r.space(t.Space, ns)
				break
			}
		}
	}
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	return sp, err
}

// find finds an interface by its number, else by its name; nil when there is
// none.
func (sp *space) find(ref image.LinkRef) (*link, error) {
	if ref.Index != 0 {
		return sp.linkAt(int(ref.Index))
	}
	return sp.link(ref.Name)
}
