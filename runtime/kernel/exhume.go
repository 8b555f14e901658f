package kernel

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// elapsed is the time since something was written down.
type elapsed time.Duration

// left is what is left of a number of seconds; 0 for nothing.
func (e elapsed) left(seconds uint32) uint32 {
	if seconds == foreverValid {
		return seconds
	}
	gone := uint32(max(0, time.Duration(e)/time.Second))
	return seconds - min(seconds, gone)
}

// An exhumation brings interfaces back. Each step looks at what there is and
// does what is missing, so that all can be done again.
type exhumation struct {
	h     *Host
	reach *reach
	op    host.LinkExhume
	found []*body // by grave; nil for one that is gone
	bad   []error
}

// linkExhume brings back what was buried. It goes on past trouble, since what
// can be restored shall be.
func (q *queue) linkExhume(op host.LinkExhume) error {
	e := &exhumation{h: q.h, reach: q.h.reach(), op: op, found: make([]*body, len(op.Graves))}
	defer e.reach.close()
	for i := range op.Graves {
		var err error
		if e.found[i], err = e.find(op.Graves[i]); err != nil {
			e.bad = append(e.bad, err)
		}
	}
	for _, step := range []func(*body, host.Grave) error{e.rename, e.enslave, e.raise, e.address} {
		for i, b := range e.found {
			if b == nil {
				continue
			}
			if err := step(b, op.Graves[i]); err != nil {
				e.bad = append(e.bad, err)
			}
		}
	}
	for _, t := range op.Tables {
		sp, err := e.reach.space(t.Space, t.NS)
		if err != nil {
			continue // said already
		}
		e.h.point("exhume: routes " + t.NS)
		for _, err := range sp.restoreRoutes(t, e.age()) {
			var refusal *host.Error
			if errors.As(err, &refusal) {
				refusal.In = []string{t.NS}
			}
			e.bad = append(e.bad, err)
		}
	}
	for i, b := range e.found {
		if b != nil {
			e.bad = append(e.bad, e.finish(b, op.Graves[i])...)
		}
	}
	return all(e.bad)
}

func (e *exhumation) age() elapsed { return elapsed(time.Since(e.op.Taken)) }

// all makes one refusal of several.
func all(list []error) error {
	if len(list) < 2 {
		return errors.Join(list...)
	}
	words := make([]string, len(list))
	for i, err := range list {
		words[i] = whatOf(err)
	}
	return &host.Error{Errno: errnoOf(list[0]), Kernel: kernelWords(list[0]), Field: fieldOf(list), In: spacesOf(list), What: strings.Join(words, "; ")}
}

// fieldOf is what several refusals are all about.
func fieldOf(list []error) host.Field {
	var first *host.Error
	for _, err := range list {
		var e *host.Error
		if !errors.As(err, &e) || first != nil && e.Field != first.Field {
			return host.FieldNone
		}
		first = e
	}
	return first.Field
}

// spacesOf are the namespaces that refusals are about.
func spacesOf(list []error) (in []string) {
	for _, err := range list {
		var e *host.Error
		if errors.As(err, &e) {
			in = append(in, e.In...)
		}
	}
	return in
}

func whatOf(err error) string {
	var e *host.Error
	if errors.As(err, &e) && e.What != "" {
		return e.What
	}
	return err.Error()
}

func kernelWords(err error) string {
	var e *host.Error
	if errors.As(err, &e) {
		return e.Kernel
	}
	return ""
}

// find looks for what lies in a grave.
func (e *exhumation) find(g host.Grave) (*body, error) {
	sp, err := e.reach.space(g.Space, g.NS)
	if err != nil {
		return nil, failed(unix.ENOENT, host.FieldNS, "%s is gone with its namespace and cannot be brought back", g.Tomb)
	}
	l, err := sp.linkAt(g.Index)
	switch {
	case err != nil:
		return nil, err
	case l == nil:
		return nil, failed(unix.ENODEV, host.FieldName, "%s is gone and cannot be brought back", g.Tomb)
	case !l.is(g.Tomb):
		return nil, failed(unix.ESTALE, host.FieldName, "%s in %s is not what was deleted: left alone", name.Quote(l.name), sp.where())
	}
	return &body{link: *l, sp: sp, stays: g.Stays}, nil
}

// rename gives back the name and the alternative ones, unless somebody else
// has taken them.
func (e *exhumation) rename(b *body, g host.Grave) error {
	if b.stays {
		return nil
	}
	if b.name != g.Name {
		e.h.point("exhume: rename " + g.Name)
		err := b.sp.tell(setLink(b.index, host.FieldName, unix.IFLA_IFNAME, append([]byte(g.Name), 0)))
		switch {
		case errors.Is(err, unix.EEXIST):
			e.bad = append(e.bad, failed(unix.EEXIST, host.FieldName, "%s: another has taken its name; it is called %s now", g.Tomb, b.name))
		case err != nil:
			return err
		default:
			b.name = g.Name
		}
	}
	have := map[string]bool{}
	for _, n := range b.alt() {
		have[n] = true
	}
	for _, n := range g.Alt {
		if have[n] {
			continue
		}
		e.h.point("exhume: alternative name " + n)
		if err := b.sp.tell(altNames(unix.RTM_NEWLINKPROP, b.index, []string{n})); err != nil {
			e.bad = append(e.bad, &host.Error{Errno: errnoOf(err), Kernel: kernelWords(err),
				What: fmt.Sprintf("%s: the alternative name %s cannot be given back", g.Tomb, name.Quote(n))})
		}
	}
	return nil
}

// enslave makes it a port again.
func (e *exhumation) enslave(b *body, g host.Grave) error {
	if g.Master == 0 {
		return nil
	}
	if b.master != g.Master {
		e.h.point("exhume: master of " + g.Name)
		if host.Aggregates(g.PortKind) { // takes only what is down, and brings it up
			if err := b.sp.tell(setFlags(b.index, 0, unix.IFF_UP)); err != nil {
				return err
			}
		}
		if err := b.sp.tell(setLink(b.index, host.FieldMaster, unix.IFLA_MASTER, native.AppendUint32(nil, uint32(g.Master)))); err != nil {
			return &host.Error{Errno: errnoOf(err), Kernel: kernelWords(err), What: fmt.Sprintf("%s cannot be put back under its master", g.Tomb)}
		}
	}
	e.h.point("exhume: port " + g.Name)
	return errors.Join(b.sp.restorePort(b.index, g), b.sp.restoreVLANs(b.index, g))
}

// raise brings it up. A bridge has its ports by then, and with them its address.
func (e *exhumation) raise(b *body, g host.Grave) error {
	now, err := b.sp.linkAt(b.index)
	if err != nil || now == nil {
		return err
	}
	if leads(now.kind) && g.MAC != "" && now.mac != g.MAC {
		mac, err := net.ParseMAC(g.MAC)
		if err != nil {
			return err
		}
		if err := b.sp.tell(setLink(b.index, host.FieldMAC, unix.IFLA_ADDRESS, mac)); err != nil {
			return err
		}
	}
	if !g.Up || now.flags&unix.IFF_UP != 0 {
		return nil
	}
	if otherwise(g, now) {
		e.h.point("exhume: no link-local address for " + g.Name)
		if err := b.sp.tell(genMode(b.index, genNone)); err != nil {
			return err
		}
	}
	e.h.point("exhume: up " + g.Name)
	return b.sp.tell(setFlags(b.index, unix.IFF_UP, unix.IFF_UP))
}

func (e *exhumation) address(b *body, g host.Grave) error {
	if b.stays && (g.PortKind == "" || g.PortKind == "bridge") {
		return nil
	}
	e.h.point("exhume: addresses " + g.Name)
	return b.sp.restoreAddrs(b.index, g, e.age())
}

// finish puts back what needs all else.
func (e *exhumation) finish(b *body, g host.Grave) (failures []error) {
	e.h.point("exhume: neighbours " + g.Name)
	for _, n := range g.Neighs {
		m := told(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, plainNeigh(n))
		if err := b.sp.tell(m); err != nil {
			failures = append(failures, trouble(g, "a neighbour", err))
		}
	}
	if err := b.sp.restoreForwarding(b.index, g); err != nil {
		failures = append(failures, trouble(g, "its static entries in the bridge", err))
	}
	if b.stays || b.name != g.Name {
		return failures
	}
	b.sp.unlearn(g.Name)
	if err := b.sp.settle(g); err != nil {
		failures = append(failures, err)
	}
	if err := b.sp.dropExtra(e.op, g); err != nil {
		failures = append(failures, trouble(g, "routes", err))
	}
	e.h.point("exhume: end " + g.Name)
	return failures
}

func trouble(g host.Grave, what string, err error) error {
	return &host.Error{Errno: errnoOf(err), Kernel: kernelWords(err), What: fmt.Sprintf("%s: %s cannot be put back", g.Tomb, what)}
}
