package image

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A bridge gives a port the first number that is free (net/bridge/br_if.c:
// find_portno), and nobody can set another. So ports get their numbers back by
// the order in which they come, with stopgaps where a number has to stay free.

// brportNo is IFLA_BRPORT_NO (linux/if_link.h).
const brportNo = 18

// portNo is the number that a port of a bridge has, 0 for what is none.
func (l link) portNo() int {
	b := find(l.attrs, unix.IFLA_LINKINFO, unix.IFLA_INFO_SLAVE_DATA, brportNo)
	if l.slaveKind() != "bridge" || len(b) != 2 {
		return 0
	}
	return int(native.Uint16(b))
}

// A seat is a port that has another number than it shall have.
type seat struct{ want, is link }

// restorePorts puts such ports where they belong, and reports whether it changed
// anything.
func (r *restorer) restorePorts() bool {
	tried := r.tried
	for _, l := range r.now.links() { // of a recovery that was killed
		if strings.HasPrefix(l.name, stopgapName) && strings.HasSuffix(l.name, "a") {
			r.request("link "+l.name, unix.RTM_DELLINK, 0, ifinfo(l.index, 0, 0))
		}
	}
	if r.tried > tried && r.look(0) != nil {
		return true
	}
	seats, free := r.seats()
	if len(seats) == 0 {
		return r.tried > tried
	}
	r.eachLink(func(want, is link) {
		leaves := is.portNo() != 0 && is.master != want.master
		if leaves || is.master != 0 && slices.ContainsFunc(seats, func(s seat) bool { return s.is.index == is.index }) {
			r.enslave(is, 0)
		}
	})
	var gaps stopgaps
	for _, s := range seats {
		bridge := s.want.master
		for n := free(bridge); n < s.want.portNo() && gaps.fill(r, bridge); n = free(bridge) {
		}
		r.enslave(s.is, bridge)
	}
	gaps.end(r)
	return true
}

func (r *restorer) enslave(l link, master int32) bool {
	return r.change(l, "master", put32(ifinfo(l.index, 0, 0), unix.IFLA_MASTER, uint32(master)))
}

// theirs reports whether somebody else has given a link a setting.
func (r *restorer) theirs(link string, setting uint16) bool {
	if r.verdict == nil {
		return false
	}
	_, ok := r.verdict.Attrs[link][setting]
	return ok
}

// seats finds them in the order of their numbers, but for those whose number
// somebody else has. With them comes who gives out the numbers as the kernel
// does, when all that sit wrong have got up.
func (r *restorer) seats() ([]seat, func(bridge int32) int) {
	type place struct {
		bridge int32
		no     int
	}
	var seats []seat
	stays := map[int32]place{}
	for _, l := range r.now.links() {
		stays[l.index] = place{l.master, l.portNo()}
	}
	r.eachLink(func(want, is link) {
		shall, has := place{want.master, want.portNo()}, place{is.master, is.portNo()}
		if shall == has || r.theirs(want.name, unix.IFLA_MASTER) {
			return
		}
		if has.no != 0 {
			delete(stays, is.index)
		}
		if shall.no != 0 {
			seats = append(seats, seat{want, is})
		}
	})
	taken := map[place]bool{}
	for _, p := range stays {
		taken[p] = true
	}
	for before := -1; before != len(seats); {
		before = len(seats)
		seats = slices.DeleteFunc(seats, func(s seat) bool {
			lost := taken[place{s.want.master, s.want.portNo()}]
			if lost { // it stays where it is
				taken[place{s.is.master, s.is.portNo()}] = true
			}
			return lost
		})
	}
	slices.SortFunc(seats, func(a, b seat) int { return cmp.Compare(a.want.portNo(), b.want.portNo()) })
	return seats, func(bridge int32) int {
		n := 1
		for taken[place{bridge, n}] {
			n++
		}
		taken[place{bridge, n}] = true
		return n
	}
}

// stopgaps are ends of cables that are never up, and take numbers that shall
// stay free until the ports behind them are there.
type stopgaps struct {
	cables int
	ends   []string // that take none yet
}

// stopgapName begins the names of stopgaps; nothing in a script can be called
// so.
const stopgapName = "~port"

func stopgap(n int, side byte) string { return fmt.Sprintf("%s%d%c", stopgapName, n, side) }

// fill has a stopgap take the first free number of a bridge.
func (g *stopgaps) fill(r *restorer, bridge int32) bool {
	if len(g.ends) == 0 && !g.cable(r, bridge) {
		return false
	}
	end := g.ends[0]
	g.ends = g.ends[1:]
	return r.request("stopgap", unix.RTM_SETLINK, 0, put32(putText(ifinfo(0, 0, 0), unix.IFLA_IFNAME, end), unix.IFLA_MASTER, uint32(bridge)))
}

// cable makes two more. A bridge takes the least MAC and MTU of its ports for
// its own, unless it has been given one: theirs change nothing.
func (g *stopgaps) cable(r *restorer, bridge int32) bool {
	var mtu uint32
	for _, l := range r.now.links() {
		if l.index == bridge {
			mtu = u32of(find(l.attrs, unix.IFLA_MTU))
		}
	}
	end := func(side byte) []byte {
		b := putText(ifinfo(0, 0, 0), unix.IFLA_IFNAME, stopgap(g.cables, side))
		b = put(b, unix.IFLA_ADDRESS, []byte{0xfe, 0xff, 0xff, byte(g.cables >> 8), byte(g.cables), side})
		return put32(b, unix.IFLA_MTU, mtu)
	}
	const vethPeer = 1 // VETH_INFO_PEER (linux/veth.h)
	info := putText(nil, unix.IFLA_INFO_KIND, "veth")
	info = put(info, unix.IFLA_INFO_DATA|nested, put(nil, vethPeer|nested, end('b')))
	if !r.request("stopgap", unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, put(end('a'), unix.IFLA_LINKINFO|nested, info)) {
		return false
	}
	g.ends = append(g.ends, stopgap(g.cables, 'a'), stopgap(g.cables, 'b'))
	g.cables++
	return true
}

// end removes them.
func (g *stopgaps) end(r *restorer) {
	for n := range g.cables {
		r.request("stopgap", unix.RTM_DELLINK, 0, putText(ifinfo(0, 0, 0), unix.IFLA_IFNAME, stopgap(n, 'a')))
	}
}
