package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vnet/runtime/doctor"
	"vnet/runtime/kernel/kerneltest"
)

// An examination is what `vnet doctor --json` prints.
type examination struct {
	Works    bool
	Findings []doctor.Finding
}

func (x *examination) find(t testing.TB, name string) doctor.Finding {
	t.Helper()
	i := slices.IndexFunc(x.Findings, func(f doctor.Finding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("nothing is said of %s: %+v", name, x.Findings)
	}
	return x.Findings[i]
}

func examined(t testing.TB, o kerneltest.Outcome, status int) *examination {
	t.Helper()
	x := &examination{}
	if err := json.Unmarshal([]byte(o.Out), x); err != nil || o.Status != status || x.Works != (status == 0) {
		t.Fatalf("status %d, want %d: %v\n%s%s", o.Status, status, err, o.Out, o.Err)
	}
	return x
}

// What doctor says is true: ip can make the same interfaces, and nothing of
// what was tried is left.
func TestDoctor(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	groups := cgroupsOfVnet()
	x := examined(t, m.TryCmd(vnet("doctor", "--json")), 0)
	unchanged(t, m, before, "the examination")
	for _, dir := range cgroupsOfVnet() {
		if strings.Contains(dir, "/try-") && !slices.Contains(groups, dir) {
			t.Errorf("left: %s", dir)
		}
	}
	for kind, with := range map[string][]string{"bridge": nil, "dummy": nil, "ifb": nil, "veth": nil, "vxlan": {"id", "1", "dstport", "4789"}} {
		made := m.Try(append([]string{"ip", "link", "add", "probe0", "type", kind}, with...)...)
		if made.Status == 0 {
			m.Run("ip", "link", "del", "probe0")
		}
		if f := x.find(t, kind); (f.State == doctor.Works) != (made.Status == 0) {
			t.Errorf("%s: %+v, and ip says %+v", kind, f, made)
		}
	}
	for _, f := range x.Findings {
		if f.State == doctor.Fails && (f.Why == nil || f.Why.Code == "" || f.Why.Summary == "") {
			t.Errorf("no reason: %+v", f)
		}
	}
	if f := x.find(t, "its network"); f.State != doctor.Works {
		t.Errorf("for root: %+v", f)
	}
}

// cgroupsOfVnet lists the groups of programs on the real machine, whose control
// groups tests share.
func cgroupsOfVnet() []string {
	var out []string
	for _, top := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		found, _ := filepath.Glob(filepath.Join(top, "vnet/*"))
		out = append(out, found...)
	}
	return out
}

// onlyWith makes a directory with these programs and no others.
func onlyWith(t testing.TB, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err == nil {
			err = os.Symlink(path, filepath.Join(dir, p))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A program that is not there is told with the package it comes in.
func TestDoctorMissesPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	cmd := vnet("doctor", "--json")
	cmd.Env = append(os.Environ(), "PATH="+onlyWith(t, "true", "sleep", "ip"))
	x := examined(t, m.TryCmd(cmd), 0)
	if f := x.find(t, "nft"); f.State != doctor.Fails || f.Why.Summary != "cannot run `nft`: nft: no such program" || !strings.Contains(f.Why.Help[0], "nftables") {
		t.Errorf("%+v %+v", f, f.Why)
	}
	if f := x.find(t, "ip"); f.State != doctor.Works {
		t.Errorf("%+v %+v", f, f.Why)
	}
}

// An ordinary user is told of what that user can do; where the system forbids
// private networks, that none can, why, and what to type.
func TestDoctorOfUser(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	u.await("the sandbox to end", func() bool { return u.holder() == 0 })
	x := examined(t, u.try("doctor", "--json"), 0)
	if f := x.find(t, "its network"); f.State != doctor.Fails || f.Needed || !strings.Contains(f.Why.Summary, "only root") {
		t.Errorf("%+v %+v", f, f.Why)
	}
	if f := x.find(t, "private networks"); f.State != doctor.Works || !f.Needed {
		t.Errorf("%+v %+v", f, f.Why)
	}
	if u.holder() != 0 {
		t.Error("there is a sandbox, only for a look")
	}
	if entries, _ := os.ReadDir(u.runtimeDir()); len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "vnet" {
		t.Errorf("left: %v", entries)
	}
	u.await("all to end", func() bool { return len(u.processes()) == 0 })

	x = examined(t, u.forbidden("doctor", "--json"), 6)
	f := x.find(t, "private networks")
	if f.State != doctor.Fails || !strings.Contains(f.Why.Summary, "user.max_user_namespaces is 0") || f.Why.Help[0] != "to allow it: sudo sysctl user.max_user_namespaces=15000" {
		t.Errorf("%+v %+v", f, f.Why)
	}
}
