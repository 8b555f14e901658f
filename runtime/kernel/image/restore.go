package image

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"vnet/lang/lazy"

	"golang.org/x/sys/unix"
)

// settling is how long the kernel is given: linkwatch (net/core/link_watch.c)
// tells of carriers at most once a second, and IPv6 acts on what it tells.
const settling = 2 * time.Second

// longest is how long it gets when it is seen to be at work.
const longest = 30 * time.Second

// passes is how often a namespace is converged at most. Two do; a bridge may
// need a third, its link-local address comes when it has a carrier.
const passes = 8

// Restore makes what a transaction touched in a namespace again what the
// pre-image shows, waits for the kernel to settle, and compares. Residue is
// what still differs. What somebody else changed meanwhile stays, with a verdict
// that says so.
//
// What it cannot do, and does not report, is in Residues; the numbers of actions
// and handles of nftables, and the clocks of timeouts, begin anew.
func Restore(ctx context.Context, ns int, pre *Image, set WriteSet, verdict *Verdict) (residue []string, err error) {
	if set.Empty() {
		return nil, nil
	}
	err = inside(ns, func() error {
		r := &restorer{ctx: ctx, pre: pre, set: set, verdict: verdict}
		var err error
		if r.camera, err = open(); err != nil {
			return err
		}
		defer r.close()
		residue, err = r.run()
		return err
	})
	return residue, err
}

// A restorer works on the namespace of its thread.
type restorer struct {
	*camera
	ctx     context.Context
	pre     *Image
	set     WriteSet
	verdict *Verdict // nil: nobody else has changed anything

	now  *Image
	view *view
	goal *goal
	seen Parts // what of now was looked at
	when int   // tried at that time

	tried, did int               // requests sent, and carried out
	acted      time.Time         // when the last pass was over
	lost       map[string]string // why something could not be restored
	stuck      []string          // differs still after a pass that could do nothing
}

// parts are those worth looking at for a write set.
func (r *restorer) parts() Parts {
	parts := r.pre.Parts
	if r.set.All {
		return parts
	}
	parts &^= Groups | XFRM | Features
	if len(r.set.Tables) == 0 {
		parts &^= NFT
	}
	if !slices.ContainsFunc(r.set.Links, func(l LinkRef) bool { return l.Only == 0 }) {
		parts &^= Sysfs
	}
	return parts &^ (Sysctls | Shared) // only those touched, see look
}

// look takes an image of what is there, with those parts that are worth it, and
// sets the goal anew.
func (r *restorer) look(parts Parts) error {
	now, err := r.take(r.ctx, r.parts()&parts)
	if err != nil {
		return err
	}
	if !r.set.All && parts&Sysctls != 0 && r.pre.Sysctl != nil {
		s := newScope(r.set, r.pre)
		now.Parts |= Sysctls
		now.Sysctl = readSysctls(r.pre.Sysctl, s.sysctl)
	}
	r.now, r.view = now, newView(now, settings)
	r.seen, r.when = parts, r.tried
	r.goal = plan(r.set, r.pre, now, r.verdict)
	return nil
}

// fresh makes sure that what was seen is what is there.
func (r *restorer) fresh(parts Parts) error {
	if r.now != nil && r.when == r.tried && parts&^r.seen == 0 {
		return nil
	}
	return r.look(parts)
}

func (r *restorer) run() (residue []string, err error) {
	events, err := listen()
	if err != nil {
		return nil, err
	}
	defer events.close()
	began := time.Now()
	for range passes {
		r.did, r.lost, r.stuck = 0, map[string]string{}, nil
		if err := r.fresh(All); err != nil {
			return nil, err
		}
		if err := r.pass(); err != nil {
			return nil, err
		}
		// The kernel's time begins with the last change.
		r.acted = time.Now()
		deadline := r.acted.Add(settling)
		if last := began.Add(2 * settling); deadline.After(last) {
			deadline = last
		}
		if err := r.fresh(All); err != nil {
			return nil, err
		}
		if r.did == 0 {
			r.stuck = r.differ(settings)
		}
		for residue = r.residue(); (len(residue) > 0 || r.pending()) && r.worthWaiting(began, deadline, len(residue) > 0) && !r.actionable(); residue = r.residue() {
			events.wait(100 * time.Millisecond)
			if err := r.look(All); err != nil {
				return nil, err
			}
		}
		if len(residue) == 0 || !r.actionable() {
			break
		}
	}
	return append(r.summed(residue), r.pre.unseen(r.set)...), nil
}

// actionable reports whether settings differ, so that another pass may help: one
// that could do nothing helps only against what came after it. While the kernel
// has yet to make the routes of addresses that were added, another pass would add
// them anew, to the end of its queue: it gets its time, also on a machine with much to do.
func (r *restorer) actionable() bool {
	if r.did > 0 && time.Since(r.acted) < 2*settling && r.unrouted() {
		return false
	}
	return len(subtract(r.differ(settings), r.stuck)) > 0
}

// differ compares what is there with the goal, in a form, but for what is
// declared.
func (r *restorer) differ(form Form) []string {
	return declared(r.goal.Image, r.now, form, r.goal.late)
}

// worthWaiting reports whether the kernel's time is not over. It gets more of it
// while something differs and it can be seen not to be ready, as on a machine with much to do.
func (r *restorer) worthWaiting(began, deadline time.Time, some bool) bool {
	now := time.Now()
	return now.Before(deadline) || now.Before(began.Add(longest)) && some && (r.pending() || r.now.tentative(r.touched()) || r.unrouted())
}

// pending reports whether the kernel has not yet acted on the carrier of a
// touched link: what follows from it, such as an address, would come later.
func (r *restorer) pending() bool {
	return r.now.pending(newScope(r.set, r.pre).link)
}

// unrouted reports whether it has yet to make the route of an address.
func (r *restorer) unrouted() bool { return r.now.unrouted(r.touched()) }

// touched tells the links whose addresses are restored.
func (r *restorer) touched() func(link string) bool { return newScope(r.set, r.pre).addr }

// residue compares what is there with the goal.
func (r *restorer) residue() []string {
	var out []string
	for _, d := range r.differ(Strict) {
		if r.verdict != nil && confVector().MatchString(d) {
			continue // what the sysctls say already
		}
		for what, why := range r.lost {
			if strings.HasPrefix(d, what) {
				d += " (" + why + ")"
				break
			}
		}
		out = append(out, d)
	}
	return out
}

var confVector = lazy.Regexp(`^link \S+ inet6? conf: `)

// pass converges everything once. Each step looks first: what it does may
// follow from the one before.
func (r *restorer) pass() error {
	for _, step := range []struct {
		sees Parts
		do   func()
	}{
		{0, r.restoreNames},
		{Sysctls, r.restoreSysctls},
		{Sysctls, r.restoreSysctls}, // one for all links writes those of each
		{0, r.restoreLinks},
		{0, r.restoreMACs},
		{Sysctls, func() { r.restoreGroups(); r.restoreCarriers() }},
		{Sysctls, r.restoreSysctls}, // IPv6 begins anew with its defaults on a link that had an MTU below 1280
		{0, r.restoreAddrs},
		{0, r.restoreNexthops},
		{0, r.restoreRoutes},
		{0, func() { r.restoreRules(); r.restoreNeighs(); r.restoreBridges(); r.restoreTraffic(); r.restoreLabels() }},
		{NFT | Sysfs, func() { r.restoreTables(); r.restoreSysfs() }},
	} {
		if err := r.ctx.Err(); err != nil {
			return context.Cause(r.ctx)
		}
		if err := r.fresh(step.sees); err != nil {
			return err
		}
		step.do()
	}
	return nil
}

// request sends a request about a thing; what the kernel refuses is remembered
// for the residue.
func (r *restorer) request(thing string, kind, flags uint16, body []byte) bool {
	_, err := r.route.do(kind, flags, body)
	return r.result(thing, err)
}

func (r *restorer) result(thing string, err error) bool {
	r.tried++
	if err != nil {
		r.lost[thing] = err.Error()
		return false
	}
	r.did++
	return true
}

// An ear hears of changes in the namespace.
type ear struct{ *socket }

// listen subscribes to links, addresses and routes (RTMGRP_…). That
// notifications may be lost does no harm: they only end a wait.
func listen() (*ear, error) {
	s, err := openSocket(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	for _, group := range []int{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group); err != nil {
			s.close()
			return nil, fmt.Errorf("listen for changes: %w", err)
		}
	}
	return &ear{s}, nil
}

// wait returns when something has changed, or after a time.
func (e *ear) wait(d time.Duration) {
	fds := []unix.PollFd{{Fd: int32(e.fd), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, int(max(d, time.Millisecond)/time.Millisecond))
	for {
		if _, _, err := unix.Recvfrom(e.fd, e.buf, unix.MSG_DONTWAIT); err != nil {
			return
		}
	}
}
