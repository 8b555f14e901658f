package kerneltest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Snapshot is all that can be seen of a machine, by the question that was
// asked.
type Snapshot map[string]string

// questions are asked of ip(8) in every namespace, those with the same options
// together. Two networks that are the same give the same answers.
var questions = []struct{ options, batch string }{
	{"-d", "link\naddr\nneigh show nud permanent\nneigh show proxy\nnexthop\nmaddr\n"},
	{"-4 -d", "route show table all\nrule\n"},
	{"-6 -d", "route show table all\nrule\n"},
}

// volatile is what changes by itself: clocks, and what a link only just set up
// says until it has settled. Everything else counts.
var volatile = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(valid_lft|preferred_lft|expires) [0-9]+sec`), "$1 finite"},                           // clocks of addresses and routes
	{regexp.MustCompile(` *(hello|tcn|topology_change|gc|message_age|forward_delay|hold)_timer +[0-9.]+`), ""}, // clocks of bridges
}

// unsteady are parameters that are orders, or count.
var unsteady = []string{"flush", "nf_conntrack_count"}

// Snapshot looks at the machine: at the namespace it starts in, at the named
// ones, at mounts, programs and files.
func (m *Machine) Snapshot() Snapshot {
	m.t.Helper()
	s := m.Surroundings()
	spaces := append([]string{""}, strings.Fields(s["namespaces"])...)
	for _, ns := range spaces {
		where := "the start"
		var in []string
		if ns != "" {
			where, in = ns, []string{"-n", ns}
		}
		for _, q := range questions {
			args := slices.Concat(strings.Fields(q.options), in, []string{"-force", "-batch", "-"})
			cmd := exec.Command("ip", args...)
			cmd.Stdin = strings.NewReader(q.batch)
			o := m.TryCmd(cmd)
			s[where+": ip "+q.options] = unordered(settled(o.Out + o.Err))
		}
		s[where+": sysctl"] = m.sysctls(ns)
	}
	return s
}

// Surroundings is what a snapshot has besides the network: the names of
// namespaces, mounts, files and programs.
func (m *Machine) Surroundings() Snapshot {
	s := Snapshot{"namespaces": m.namespaces(), "programs": m.programs()}
	m.Do(func() { s["mounts"] = mounts(); s["files"] = files("/run/netns", "/etc/netns", "/run/vnet") })
	return s
}

func (m *Machine) namespaces() string {
	var names []string
	m.Do(func() {
		entries, _ := os.ReadDir("/run/netns")
		for _, e := range entries {
			names = append(names, e.Name())
		}
	})
	return strings.Join(names, "\n")
}

func settled(s string) string {
	for _, v := range volatile {
		s = v.what.ReplaceAllString(s, v.with)
	}
	return s
}

// automatic are the routes that the kernel makes for every link by itself. In
// what order it does so for several depends on which came up first, and means
// nothing.
var automatic = regexp.MustCompile(`^(unicast fe80::/64|multicast ff00::/8|local [0-9a-f:]+|anycast [0-9a-f:]+) dev .* proto kernel `)

// group is a multicast group of a link. Which comes first depends on when it
// was joined last, and means nothing.
var group = regexp.MustCompile(`^\t(link|inet6?) `)

// unordered sorts the automatic routes, behind the others, whose order counts,
// and the multicast groups of each link.
func unordered(s string) string {
	var kept, sorted []string
	groups := 0 // how many of the last of kept are groups of one link
	for _, line := range strings.Split(s, "\n") {
		if automatic.MatchString(line) {
			sorted = append(sorted, line)
			continue
		}
		kept = append(kept, line)
		if group.MatchString(line) {
			groups++
			slices.Sort(kept[len(kept)-groups:])
		} else {
			groups = 0
		}
	}
	slices.Sort(sorted)
	return strings.Join(append(kept, sorted...), "\n")
}

// mounts lists the mounts of the calling thread without the numbers that are
// new for each, and without their order, which is that of their making.
func mounts() string {
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err.Error()
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		// id parent major:minor root point options [shared:N]… - type source super
		fields := strings.Fields(line)
		list = append(list, strings.Join(fields[3:6], " ")+" "+fields[slices.Index(fields, "-")+1])
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// files lists what lies below directories, with what is in it.
func files(dirs ...string) string {
	var b strings.Builder
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			info, err := e.Info()
			if err != nil {
				return nil
			}
			fmt.Fprintln(&b, path, info.Mode())
			if strings.HasPrefix(path, "/etc/") && e.Type().IsRegular() {
				text, _ := os.ReadFile(path)
				fmt.Fprintf(&b, "%s\n", text)
			}
			return nil
		})
	}
	return b.String()
}

func (m *Machine) programs() string {
	var b strings.Builder
	for _, pid := range m.Processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		fmt.Fprintln(&b, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return b.String()
}

// sysctls lists the parameters of a namespace; "" is the one it starts in.
func (m *Machine) sysctls(ns string) string {
	var out string
	m.Do(func() {
		if ns == "" {
			out = parameters()
			return
		}
		home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			out = err.Error()
			return
		}
		defer unix.Close(home)
		fd, err := unix.Open("/run/netns/"+ns, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			out = err.Error()
			return
		}
		defer unix.Close(fd)
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			out = err.Error()
			return
		}
		out = parameters()
		if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
	})
	return out
}

func parameters() string {
	var b strings.Builder
	_ = filepath.WalkDir("/proc/sys/net", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || slices.Contains(unsteady, filepath.Base(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			fmt.Fprintf(&b, "%s = %s\n", strings.TrimPrefix(path, "/proc/sys/"), strings.TrimSpace(string(text)))
		}
		return nil
	})
	return b.String()
}

// patience is how long a machine may take to settle: the kernel looks at
// carriers once a second, frees namespaces in the background, and looks for
// duplicates of IPv6 addresses when it gets round to it.
const patience = 20 * time.Second

// Same checks that the machine is what it was, and waits for it to settle.
func (m *Machine) Same(t testing.TB, before Snapshot) {
	t.Helper()
	var diff string
	for deadline := time.Now().Add(patience); ; {
		diff = before.Diff(m.Snapshot())
		if diff == "" {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	t.Errorf("the machine is not what it was before:\n%s", diff)
}

// Diff lists the lines that are gone (-) and new (+), by question.
func (s Snapshot) Diff(now Snapshot) string {
	keys := map[string]bool{}
	for k := range s {
		keys[k] = true
	}
	for k := range now {
		keys[k] = true
	}
	var b strings.Builder
	for k := range keys {
		if s[k] == now[k] {
			continue
		}
		fmt.Fprintln(&b, k)
		was, is := strings.Split(s[k], "\n"), strings.Split(now[k], "\n")
		for _, l := range was {
			if !slices.Contains(is, l) {
				fmt.Fprintln(&b, "  -", l)
			}
		}
		for _, l := range is {
			if !slices.Contains(was, l) {
				fmt.Fprintln(&b, "  +", l)
			}
		}
		if x, y := slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(is)); slices.Equal(x, y) {
			fmt.Fprintf(&b, "  another order: %s\n", strings.Join(is, " | "))
		}
	}
	return b.String()
}

// Settle waits until the machine gives the same snapshot for longer than the
// kernel takes to look at carriers and IPv6 addresses again, and returns it.
func (m *Machine) Settle() Snapshot {
	m.t.Helper()
	last, since := m.Snapshot(), time.Now()
	if m.Run("ls", "/sys/class/net") == "lo\n" && last["namespaces"] == "" {
		return last // nothing that could change
	}
	for deadline := time.Now().Add(4 * patience); time.Now().Before(deadline); {
		now := m.Snapshot()
		if last.Diff(now) != "" || strings.Contains(fmt.Sprint(now), " tentative") {
			last, since = now, time.Now()
		}
		if time.Since(since) > quiet {
			return last
		}
	}
	m.t.Fatal("the machine does not settle")
	return nil
}

// quiet is the longest time between two changes of a link that comes up.
const quiet = 1200 * time.Millisecond
