// Package journal is the write-ahead journal of a transaction: what will be
// done and what takes it back stands in a file before it is done, so that a
// transaction whose program died can be finished by another.
//
// A journal is a directory with a file of records. The lock on the file says
// that the transaction is alive: the kernel drops it with the last descriptor,
// however its holder ended. That the directory is there says that the
// transaction is not over. Nothing is synced to disk: what must survive is the
// death of a process; a machine that goes takes the network with it.
package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// Version is the form of the records. Older ones stay readable; a newer one is
// refused.
const Version = 4

// fileName is the file of records in a journal's directory.
const fileName = "journal"

// maxRecord bounds what is read back as one record, in bytes.
const maxRecord = 16 << 20

// A Kind says what a record is about.
type Kind string

// The kinds of records.
const (
	Begin  Kind = "begin"  // the first one
	Intend Kind = "intend" // an operation is about to be done
	Image  Kind = "image"  // a namespace's state was saved, in File
	Judged Kind = "judged" // a rollback begins; what others did to a namespace meanwhile is in Verdict
	Undone Kind = "undone" // an operation was taken back
	Commit Kind = "commit" // from here on the transaction goes forward
	End    Kind = "end"    // its program went on without having finished it
	Hold   Kind = "hold"   // the same, but its own program may reopen it; since form 2
	Reopen Kind = "reopen" // it is being taken back after all

	Closeup Kind = "closeup" // what an image of a namespace leaves out, and an operation touches, is in Data; since form 4

	Touched  Kind = "touched"  // what others did, in Op, may be undone to a namespace; since form 3
	Replaced Kind = "replaced" // up to Seq a lab was taken down; what was there before it is in File; since form 3
)

// A Record is one line of a journal's story.
type Record struct {
	Kind Kind

	// Of Begin.
	Version int    `json:",omitempty"`
	Boot    string `json:",omitempty"` // the boot it belongs to
	UID     int    `json:",omitempty"`
	PID     int    `json:",omitempty"` // who writes it, for messages
	Script  string `json:",omitempty"`

	// Of Intend and Undone: the operation's number, from 1.
	Seq   int      `json:",omitempty"`
	At    string   `json:",omitempty"` // the place in the script: file:line
	Op    host.Ops `json:",omitempty"` // one
	Undo  host.Ops `json:",omitempty"` // what takes it back
	Final host.Ops `json:",omitempty"` // what is left to do after the commit

	// Of Commit: the lab that it is a part of; since form 3. Then the journal is
	// kept, to take it down.
	Lab      string `json:",omitempty"`
	Replaces string `json:",omitempty"` // the lab that it has taken down
	// Of Image, Closeup and Judged.
	Space   string        `json:",omitempty"`
	File    string        `json:",omitempty"`
	Verdict *host.Verdict `json:",omitempty"`

	// Of Closeup.
	Data json.RawMessage `json:",omitempty"`

	// Of Closeup, and of Image since form 3, which has several of one namespace:
	// the operation before which it was taken, and what the transaction had made there
	// by then, with the number of the operation that made it. A rollback of all goes
	// by the first, one to a savepoint by the first behind that.
	Before int            `json:",omitempty"`
	Made   map[string]int `json:",omitempty"`
}

// A Journal is the journal of a live transaction.
type Journal struct {
	dir string
	f   *os.File
}

// ErrAlive says that a journal's transaction is still at work.
var ErrAlive = errors.New("the transaction is at work")

// ErrForeign says that a journal belongs to another user or is not what it
// should be; it is left alone.
var ErrForeign = errors.New("not a journal of this user")

// Create begins a journal in a new directory.
func Create(dir, script string) (*Journal, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	j := &Journal{dir, f}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		err = j.Write(Record{Kind: Begin, Version: Version, Boot: Boot(), UID: os.Getuid(), PID: os.Getpid(), Script: script})
	}
	if err != nil {
		j.Remove()
		return nil, err
	}
	return j, nil
}

// At is a journal to load from, and not to write to.
func At(dir string) *Journal { return &Journal{dir: dir} }

// Dir is the journal's directory.
func (j *Journal) Dir() string { return j.dir }

// Write adds records, each whole or not at all: a reader takes a torn one and
// those behind it as never written.
func (j *Journal) Write(records ...Record) error {
	var data []byte
	for _, r := range records {
		begin := len(data)
		var err error
		if data, err = appendRecord(data, r); err != nil {
			return err
		}
		if Failpoint != nil {
			if err := j.writeTorn(data[begin:]); err != nil {
				return err
			}
		}
	}
	if Failpoint != nil {
		return nil
	}
	_, err := j.f.Write(data)
	return err
}

// Failpoint is called before a record is written, when half of it is, and
// after it. Tests have the process die there.
var Failpoint func(when string)

func (j *Journal) writeTorn(data []byte) error {
	Failpoint("before")
	_, err := j.f.Write(data[:len(data)/2])
	Failpoint("torn")
	_, late := j.f.Write(data[len(data)/2:])
	Failpoint("after")
	return errors.Join(err, late)
}

// appendRecord frames a record: its length, its checksum, and itself as JSON.
// The operations are most of it: put in by hand, since a Marshaler is read over
// again by each that it is part of.
func appendRecord(data []byte, r Record) ([]byte, error) {
	begin := len(data)
	data = append(data, make([]byte, 8)...)
	ops := []struct {
		name string
		list host.Ops
	}{{"Op", r.Op}, {"Undo", r.Undo}, {"Final", r.Final}}
	r.Op, r.Undo, r.Final = nil, nil, nil
	head, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	data = append(data, head[:len(head)-1]...)
	for _, o := range ops {
		if len(o.list) == 0 {
			continue
		}
		data = append(append(append(data, `,"`...), o.name...), `":`...)
		if data, err = o.list.AppendJSON(data); err != nil {
			return nil, err
		}
	}
	data = append(data, '}')
	body := data[begin+8:]
	binary.LittleEndian.PutUint32(data[begin:], uint32(len(body)))
	binary.LittleEndian.PutUint32(data[begin+4:], crc32.Checksum(body, table()))
	return data, nil
}

var table = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// Save keeps a larger piece of data beside the records, whole or not at all.
func (j *Journal) Save(name string, data []byte) error {
	tmp := filepath.Join(j.dir, name+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(j.dir, name))
}

// Drop forgets what Save kept.
func (j *Journal) Drop(name string) error {
	return os.Remove(filepath.Join(j.dir, filepath.Base(name)))
}

// Load reads back what Save kept.
func (j *Journal) Load(name string) ([]byte, error) {
	f, err := os.OpenFile(filepath.Join(j.dir, filepath.Base(name)), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Remove ends the journal: the transaction is over. The records go first, so
// that a directory without them is debris and no transaction.
func (j *Journal) Remove() error {
	os.Remove(filepath.Join(j.dir, fileName))
	err := os.RemoveAll(j.dir)
	if GoingDown(j.dir) {
		_ = unix.Rmdir(filepath.Dir(j.dir)) // not empty: other parts are to follow
	}
	j.f.Close()
	return err
}

// Keep ends the transaction and keeps its journal, as a part of a lab.
func (j *Journal) Keep(lab string) error {
	if err := j.shelve(lab); err != nil {
		return err
	}
	return j.f.Close()
}

// Close lets go of a journal whose transaction is not over; another may
// recover it.
func (j *Journal) Close() error { return j.f.Close() }

// Take takes over the journal of a transaction whose program is dead, and
// returns its records. The error is ErrAlive while the program lives,
// os.ErrNotExist when the transaction is over, ErrForeign when it is nobody's
// to touch.
func Take(dir string) (*Journal, []Record, error) {
	j, err := seize(dir)
	if err != nil {
		return nil, nil, err
	}
	records, err := j.Records()
	if err != nil {
		j.Close()
		return nil, nil, err
	}
	return j, records, nil
}

// seize locks a journal whose program is dead.
func seize(dir string) (*Journal, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR|os.O_APPEND|unix.O_NOFOLLOW, 0)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			os.RemoveAll(dir) // it died between its directory and its first record, or after its last
		}
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, ErrAlive
	}
	return &Journal{dir, f}, nil
}

// Records reads a journal that was taken over.
func (j *Journal) Records() ([]Record, error) {
	records, end, err := read(io.NewSectionReader(j.f, 0, 1<<62), j.f.Name(), 0)
	if err == nil {
		// What is written next must not stand behind a torn record.
		err = j.f.Truncate(end)
	}
	return records, err
}

// private checks that a directory is ours alone and no link.
func private(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Getuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%s: %w", dir, ErrForeign)
	}
	return nil
}

// read returns the whole records of a journal, or the first few of them, and
// where they end. What comes behind a torn or damaged record never happened.
func read(from io.Reader, name string, few int) ([]Record, int64, error) {
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, 0, err
	}
	var records []Record
	end := 0
	for rest := data; len(rest) >= 8 && (few == 0 || len(records) < few); rest = data[end:] {
		n := binary.LittleEndian.Uint32(rest)
		if n > maxRecord || int(n) > len(rest)-8 {
			break
		}
		body := rest[8 : 8+n]
		if crc32.Checksum(body, table()) != binary.LittleEndian.Uint32(rest[4:]) {
			break
		}
		var r Record
		if err := json.Unmarshal(body, &r); err != nil {
			return nil, 0, fmt.Errorf("%s: record %d: %w", name, len(records)+1, err)
		}
		if len(records) == 0 {
			if err := acceptable(r); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", name, err)
			}
		}
		records = append(records, r)
		end += 8 + int(n)
	}
	return records, int64(end), nil
}

// acceptable checks the first record.
func acceptable(r Record) error {
	switch {
	case r.Kind != Begin, r.UID != os.Getuid():
		return ErrForeign
	case r.Version > Version:
		return fmt.Errorf("written by a newer vnet (form %d, known up to %d): recover it with that", r.Version, Version)
	}
	return nil
}

// Stale reports whether the records belong to another boot of the machine:
// the network they speak of is gone.
func Stale(records []Record) bool {
	return len(records) > 0 && records[0].Boot != Boot()
}

// Orphan reports whether the program that began the records is gone: who holds
// the journal now is finishing it.
func Orphan(records []Record) bool {
	return len(records) > 0 && !Held(records) && gone(records[0].PID)
}

// gone reports whether a process is no more, or waits for nothing but its
// parent to take note of that: a zombie does nothing (proc_pid_stat(5)).
func gone(pid int) bool {
	if unix.Kill(pid, 0) == unix.ESRCH {
		return true
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(" ")) // the name may hold anything
	return len(state) > 0 && (state[0] == 'Z' || state[0] == 'X')
}

// Held reports whether the records are those of a transaction that is done and
// at rest: nobody has to wait for it.
func Held(records []Record) bool {
	held := false
	for _, r := range records {
		switch r.Kind {
		case Hold:
			held = true
		case Reopen, Commit:
			held = false
		}
	}
	return held
}

// Ended reports whether the program of a transaction did not die, but left it
// unfinished.
func Ended(records []Record) bool {
	return slices.ContainsFunc(records, func(r Record) bool { return r.Kind == End })
}

// Boot is the kernel's name for this boot (random(4)).
func Boot() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
}

// Peek reads the records of a journal that another may be writing.
func Peek(dir string) []Record { return peek(dir, 1<<62, 0) }

// First reads the first record of a journal; nothing when there is none.
func First(dir string) []Record { return peek(dir, firstBytes, 1) }

func peek(dir string, most int64, few int) []Record {
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	records, _, _ := read(io.LimitReader(f, most), f.Name(), few)
	return records
}
