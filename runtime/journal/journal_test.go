package journal

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

func begun(t *testing.T) *Journal {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := Create(s.NewDir(), "lab.vnet")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func sample(seq int) Record {
	return Record{Kind: Intend, Seq: seq, At: "lab.vnet:3", Op: host.Ops{host.NamespaceAdd{Name: "a"}},
		Undo: host.Ops{host.NamespaceDel{Name: "a", ID: 12}}}
}

func TestRecordsComeBack(t *testing.T) {
	j := begun(t)
	want := []Record{sample(1), {Kind: Undone, Seq: 1}, {Kind: Commit}}
	for _, r := range want {
		if err := j.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Take(j.Dir()); !errors.Is(err, ErrAlive) {
		t.Errorf("a live journal was taken: %v", err)
	}
	j.Close()
	taken, got, err := Take(j.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Script != "lab.vnet" || Stale(got) || !reflect.DeepEqual(got[1:], want) {
		t.Errorf("read back %+v", got)
	}
	if err := taken.Remove(); err != nil {
		t.Error(err)
	}
	if _, _, err := Take(j.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a journal that is over was taken: %v", err)
	}
}

// A journal cut or damaged at any byte gives the records before the damage,
// and what is written then stands behind them.
func TestTornJournal(t *testing.T) {
	j := begun(t)
	for seq := 1; seq <= 3; seq++ {
		if err := j.Write(sample(seq)); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	path := filepath.Join(j.Dir(), fileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		for _, damage := range []string{"cut", "flipped"} {
			data := append([]byte(nil), whole[:n]...)
			if damage == "flipped" {
				data = append([]byte(nil), whole...)
				data[n] ^= 0x40
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			taken, before, err := Take(j.Dir())
			if err != nil {
				t.Fatalf("%s at byte %d: %v", damage, n, err)
			}
			if len(before) > 0 {
				if err := taken.Write(Record{Kind: Commit}); err != nil {
					t.Fatal(err)
				}
			}
			taken.Close()
			again, after, err := Take(j.Dir())
			if err != nil {
				t.Fatal(err)
			}
			again.Close()
			if len(before) > 0 && (len(after) != len(before)+1 || after[len(before)].Kind != Commit) {
				t.Fatalf("%s at byte %d: %d records, then %d", damage, n, len(before), len(after))
			}
			if len(before) > 4 || damage == "cut" && len(before) > 3 {
				t.Fatalf("%s at byte %d: %d records of 4", damage, n, len(before))
			}
		}
	}
}

func TestNotOurJournal(t *testing.T) {
	j := begun(t)
	if err := j.Write(Record{Kind: Commit}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	path := filepath.Join(j.Dir(), fileName)
	write := func(r Record) {
		data, err := appendRecord(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(Record{Kind: Begin, Version: Version, Boot: Boot(), UID: os.Getuid() + 1})
	if _, _, err := Take(j.Dir()); !errors.Is(err, ErrForeign) {
		t.Errorf("another user's journal: %v", err)
	}
	write(Record{Kind: Begin, Version: Version + 1, Boot: Boot(), UID: os.Getuid()})
	if _, _, err := Take(j.Dir()); err == nil || errors.Is(err, ErrForeign) {
		t.Errorf("a newer journal: %v", err)
	}
	write(Record{Kind: Begin, Version: Version, Boot: "another", UID: os.Getuid()})
	taken, records, err := Take(j.Dir())
	if err != nil || !Stale(records) {
		t.Errorf("another boot's journal: %v, stale %t", err, Stale(records))
	}
	taken.Close()
	if err := os.Chmod(j.Dir(), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Take(j.Dir()); !errors.Is(err, ErrForeign) {
		t.Errorf("a journal that others may write: %v", err)
	}
}

func TestStoreRefusesLinks(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "vnet")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link); !errors.Is(err, ErrForeign) {
		t.Errorf("a store behind a link was opened: %v", err)
	}
}

func TestSweep(t *testing.T) {
	j := begun(t)
	root := filepath.Dir(filepath.Dir(j.Dir()))
	s := &Store{root}
	s.Sweep()
	if dirs, err := s.Dirs(); err != nil || len(dirs) != 1 {
		t.Errorf("%d journals, %v", len(dirs), err)
	}
	j.Remove()
	s.Sweep()
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Error("the empty store stays")
	}
}

// A program is gone when it has ended, whether or not its parent has taken note
// of that.
func TestOrphan(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	records := []Record{{Kind: Begin, PID: cmd.Process.Pid}}
	if Orphan(records) {
		t.Error("it lives")
	}
	in.Close()
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if !Orphan(records) {
		t.Error("it is dead, and nobody has asked after it")
	}
	_ = cmd.Wait()
	if !Orphan(records) {
		t.Error("it is gone")
	}
	if Orphan([]Record{records[0], {Kind: Hold}}) {
		t.Error("what is held is nobody's orphan")
	}
}
