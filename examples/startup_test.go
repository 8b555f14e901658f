package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// What it costs to start vnet, as whole processes beside true(1), which does
// nothing. Besides the time, which a busy machine makes long, the CPU's time of
// the process and its children is reported.
//
//	go test ./examples -run '^$' -bench Startup
func BenchmarkStartup(b *testing.B) {
	m := kerneltest.New(b)
	binary := filepath.Join(b.TempDir(), "vnet")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, "..") // as contrib/build does
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	two := script(b, "ns left right\nveth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24\n")
	empty := script(b, "")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"true", []string{"true"}},
		{"version", []string{binary, "version"}},
		{"check", []string{binary, "check", two}},
		{"plan", []string{binary, "plan", two}},
		{"empty", []string{binary, "run", "-q", empty}},
		{"two", []string{binary, "run", "-q", "--rm", two}},
		{"ip", []string{"sh", "-e", "-c", `ip netns add left; ip netns add right
			ip -n left link set lo up; ip -n right link set lo up
			ip -n left link add eth0 type veth peer name eth0 netns right
			ip -n left addr add 10.0.0.1/24 dev eth0; ip -n right addr add 10.0.0.2/24 dev eth0
			ip -n left link set eth0 up; ip -n right link set eth0 up
			ip netns del left; ip netns del right`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cpu time.Duration
			for b.Loop() {
				cmd := exec.Command(c.args[0], c.args[1:]...)
				if o := m.TryCmd(cmd); o.Status != 0 {
					b.Fatalf("status %d\n%s", o.Status, o.Err)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
