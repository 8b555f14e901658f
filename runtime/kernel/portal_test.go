package kernel

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"vnet/runtime/host"
)

// says runs a shell text in a namespace and returns what it prints.
func says(t *testing.T, h *Host, group, ns, text string) string {
	t.Helper()
	var out bytes.Buffer
	exit, err := h.Exec(context.Background(), &host.Cmd{NS: ns, Argv: []string{"/bin/sh", "-c", text}, Group: group, Stdout: &out, Stderr: &out})
	if err != nil || exit.Status != 0 {
		t.Fatalf("%s in %s: %v %+v: %s", text, ns, err, exit, out.String())
	}
	return strings.TrimSpace(out.String())
}

// TestPortalMoves: one portal goes from namespace to namespace, each program
// sees the devices and the network of its own, and one that has left something
// behind, a mount or a process, keeps its portal to itself.
func TestPortalMoves(t *testing.T) {
	h := open(t)
	names := []string{"kt-a", "kt-b", "kt-c"}
	spaces(t, h, names...)
	apply(t, h, veth("kt-a:a0", "kt-b:b0"), veth("kt-b:b1", "kt-c:c0"))
	const group = "kt-portal"
	kill := apply(t, h, host.GroupAdd{ID: group})[0].Undo
	defer apply(t, h, kill...)
	if h.brood(group).loose.Load() {
		t.Skip("needs cgroups to know that nothing of a program goes on")
	}
	look := func() {
		t.Helper()
		for ns, want := range map[string]string{"kt-a": "a0 lo", "kt-b": "b0 b1 lo", "kt-c": "c0 lo"} {
			if got := says(t, h, group, ns, "echo $(ls /sys/class/net)"); got != want {
				t.Errorf("%s has %s, want %s", ns, got, want)
			}
			if got := says(t, h, group, ns, "grep -c : /proc/net/dev"); got != string(rune('1'+strings.Count(want, " "))) {
				t.Errorf("%s: the program is in a network with %s devices", ns, got)
			}
		}
	}
	look()
	first := h.roaming.Load()
	look()
	if h.roaming.Load() != first {
		t.Error("another portal was made though nothing was left")
	}
	says(t, h, group, "kt-a", "mount -t tmpfs of-a /mnt")
	look()
	if got := says(t, h, group, "kt-b", "grep -c of-a /proc/mounts || :"); got != "0" {
		t.Error("a mount of another namespace's program is seen")
	}
	if got := says(t, h, group, "kt-a", "grep -c of-a /proc/mounts || :"); got != "1" {
		t.Error("the mount is gone for its own namespace")
	}
	second := h.roaming.Load()
	says(t, h, group, "kt-c", "sleep 60 >/dev/null 2>&1 & echo $! > /proc/self/fd/1")
	look()
	if second == first || h.roaming.Load() == second && second.at != h.spaces["kt-c"] {
		t.Error("the portal moved away from a process")
	}
}
