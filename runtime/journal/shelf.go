package journal

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
)

// A journal whose transaction was committed as a part of a lab is put on the
// shelf: the directory of the lab, in which the parts are numbered from 1. There
// it is at rest, and no recovery looks at it. To take the lab down its directory
// goes back among the transactions, under a name that ends in downSuffix: one
// step for all its parts, from which on a recovery would do the same.

const downSuffix = ".down"

func (s *Store) shelf() string { return filepath.Join(s.root, "lab") }

// shelve puts the journal on the shelf of its store.
func (j *Journal) shelve(lab string) error {
	if err := name.Lab(lab); err != nil {
		return err
	}
	s := Store{filepath.Dir(filepath.Dir(j.dir))}
	if strings.HasSuffix(filepath.Dir(j.dir), downSuffix) {
		return errors.New("a lab that is being taken down stays no lab")
	}
	for {
		for _, dir := range []string{s.shelf(), filepath.Join(s.shelf(), lab)} {
			if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
			if err := private(dir); err != nil {
				return err
			}
		}
		to := filepath.Join(s.shelf(), lab, strconv.Itoa(1+len(s.Parts(lab))))
		err := os.Rename(j.dir, to)
		switch {
		case err == nil:
			j.dir = to
			return nil
		case !errors.Is(err, os.ErrExist) && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, os.ErrNotExist):
			return err
		}
		if _, err := os.Lstat(j.dir); err != nil {
			return err
		}
	}
}

// Forget removes a lab that the transaction has taken down. Its records go
// first: what is without them is debris.
func (j *Journal) Forget(lab string) {
	s := Store{filepath.Dir(filepath.Dir(j.dir))}
	for _, dir := range s.Parts(lab) {
		os.Remove(filepath.Join(dir, fileName))
		os.RemoveAll(dir)
	}
}

// Labs lists the labs on the shelf, sorted.
func (s *Store) Labs() []string {
	entries, _ := os.ReadDir(s.shelf())
	var labs []string
	for _, e := range entries {
		if e.IsDir() && name.Lab(e.Name()) == nil && len(s.Parts(e.Name())) > 0 {
			labs = append(labs, e.Name())
		}
	}
	return labs
}

// Parts lists the journals of a lab, oldest first.
func (s *Store) Parts(lab string) []string {
	if name.Lab(lab) != nil {
		return nil
	}
	return numbered(filepath.Join(s.shelf(), lab))
}

// numbered lists the directories in dir whose names are numbers, in their order.
func numbered(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var list []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > 0 && e.IsDir() {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = filepath.Join(dir, strconv.Itoa(n))
	}
	return out
}

// A Taken is a journal taken from another program, with its records.
type Taken struct {
	*Journal
	Records []Record
}

// TakeLab takes over all parts of a lab, oldest first. ErrAlive says that
// another is at work on it, os.ErrNotExist that there is none of that name.
func (s *Store) TakeLab(lab string) ([]Taken, error) {
	var parts []Taken
	for _, dir := range s.Parts(lab) {
		j, records, err := Take(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			for _, p := range parts {
				p.Close()
			}
			return nil, err
		}
		parts = append(parts, Taken{j, records})
	}
	if len(parts) == 0 {
		return nil, os.ErrNotExist
	}
	return parts, nil
}

// TakeWhole takes over a lab of one part without reading what it did: only the
// record that it begins with. For errors see TakeLab.
func (s *Store) TakeWhole(lab string) (Taken, error) {
	parts := s.Parts(lab)
	if len(parts) != 1 {
		return Taken{}, os.ErrNotExist
	}
	j, err := seize(parts[0])
	if err != nil {
		return Taken{}, err
	}
	first, _, err := read(io.NewSectionReader(j.f, 0, firstBytes), j.f.Name(), 1)
	if err == nil && len(first) == 0 {
		err = os.ErrNotExist
	}
	if err != nil {
		j.Close()
		return Taken{}, err
	}
	return Taken{j, first}, nil
}

// firstBytes is more than the first record of a journal takes, which names a
// file.
const firstBytes = 64 << 10

// Unshelve begins to take a lab down, all of whose parts have been taken: from
// here on a recovery does the rest.
func (s *Store) Unshelve(lab string, parts []Taken) error {
	to := s.NewDir() + downSuffix
	if err := os.Rename(filepath.Join(s.shelf(), lab), to); err != nil {
		return err
	}
	for _, p := range parts {
		p.dir = filepath.Join(to, filepath.Base(p.dir))
	}
	return nil
}

// GoingDown reports whether a journal is a part of a lab that is being taken
// down.
func GoingDown(dir string) bool { return strings.HasSuffix(filepath.Dir(dir), downSuffix) }

// goingDown lists the parts of a lab that is being taken down, newest first as
// they are undone, and removes what is left of one that is down.
func goingDown(dir string) []string {
	parts := numbered(dir)
	if len(parts) == 0 {
		_ = unix.Rmdir(dir)
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(b, a)) })
	return parts
}

// sweepShelf removes what is left of labs that are down.
func (s *Store) sweepShelf() {
	entries, _ := os.ReadDir(s.shelf())
	for _, e := range entries {
		_ = unix.Rmdir(filepath.Join(s.shelf(), e.Name())) // not empty: it is up
	}
	_ = unix.Rmdir(s.shelf())
}
