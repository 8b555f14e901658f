package image

import (
	"slices"
	"testing"
	"time"
)

// An address without its local route is one that the kernel is not done with.
func TestUnrouted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add d0 type ifb; ip link set d0 up; ip addr add fd01::1/64 dev d0 nodad; ip addr add fd01::3 peer fd01::4/128 dev d0 nodad; ip link add d1 type ifb; ip addr add fd02::1/64 dev d1 nodad")
	pre := l.settled()
	r := &restorer{pre: pre, set: WriteSet{Links: []LinkRef{{Name: "d0"}, {Name: "d1"}}}, now: pre}
	if r.unrouted() {
		t.Error("all is there, and more is waited for")
	}
	late := *pre
	late.Dumps = map[section][]Message{}
	for s, list := range pre.Dumps {
		late.Dumps[s] = slices.DeleteFunc(slices.Clone(list), func(m Message) bool {
			return s == secRoute6 && routeOf(m).made() && routeOf(m).prefix() == "fd01::3/128"
		})
	}
	if r.now = &late; !r.unrouted() {
		t.Error("the local route of fd01::3 is missing, and is not waited for")
	}
	r.view, r.goal = newView(r.now, settings), plan(r.set, pre, r.now, nil)
	r.did, r.acted = 1, time.Now()
	if r.actionable() {
		t.Error("the address would be added once more before the kernel can have done its work")
	}
	r.acted = time.Now().Add(-2 * settling)
	if !r.actionable() {
		t.Error("the address would never be added once more")
	}
	if r.set = (WriteSet{Links: []LinkRef{{Name: "d1"}}}); r.unrouted() {
		t.Error("what was not touched is waited for")
	}
}
