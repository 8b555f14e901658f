package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// tunAdd makes a persistent tun or tap device as `ip tuntap add` does
// (ip-tuntap(8), linux/if_tun.h). Unlike other kinds it is made through a
// character device, by a thread inside the namespace.
func (q *queue) tunAdd(e *end) error {
	if err := q.flush(); err != nil {
		return err
	}
	// Its index is the kernel's choice, so nothing but the name tells it from
	// one that is there already: look first.
	there, err := e.sp.link(e.Name)
	if err != nil {
		return err
	}
	if there != nil {
		return failed(unix.EEXIST, host.FieldName, "interface %s in %s: already exists", e.Name, e.NS)
	}
	if err := q.foretell(host.LinkDel{NS: e.NS, Name: e.Name, Made: true}); err != nil {
		return err
	}
	if err := e.sp.at(func() error { return makeTun(e.Link) }); err != nil {
		if errnoOf(err) == unix.EBUSY {
			err = failed(unix.EEXIST, host.FieldName, "interface %s in %s: already exists", e.Name, e.NS)
		}
		return err
	}
	q.acked[q.at] = true
	q.undo(host.LinkDel{NS: e.NS, Name: e.Name, Made: true})
	err = q.tunDress(e)
	if err != nil && q.failed < 0 {
		q.takeBack(q.at)
	}
	return err
}

func (q *queue) tunDress(e *end) error {
	l, err := e.sp.link(e.Name)
	if err != nil {
		return err
	}
	if l == nil {
		return noLink(e.NS, e.Name, host.FieldName)
	}
	e.index = l.index
	e.sp.learn(e.Name, e.index)
	q.results[q.at].Undo = []host.Op{host.LinkDel{NS: e.NS, Name: e.Name, Index: l.index, Made: true}}
	words := explainLink(e.NS, e.Name, e.Kind)
	if e.mac != nil {
		q.push(e.sp, setLink(e.index, host.FieldMAC, unix.IFLA_ADDRESS, e.mac)).explain = words
	}
	if e.MTU != 0 {
		q.push(e.sp, setLink(e.index, host.FieldMTU, unix.IFLA_MTU, native.AppendUint32(nil, uint32(e.MTU)))).explain = words
	}
	if e.Master != "" {
		index, err := q.index(e.sp, e.Master, host.FieldMaster)
		if err != nil {
			return err
		}
		q.push(e.sp, setLink(e.index, host.FieldMaster, unix.IFLA_MASTER, native.AppendUint32(nil, uint32(index))))
	}
	return q.dress(e)
}

// TunHelp says how taps and tuns can be made, also by an ordinary user.
const TunHelp = "/dev/net/tun must be there, and open to everybody: sudo modprobe tun; sudo chmod 666 /dev/net/tun"

// makeTun runs inside the namespace.
func makeTun(l host.Link) error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return &host.Error{Errno: errnoOf(err), What: "open /dev/net/tun",
			Help: []string{TunHelp}}
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(l.Name)
	if err != nil {
		return err
	}
	flags := uint16(unix.IFF_NO_PI | unix.IFF_TUN_EXCL)
	if l.Kind == "tap" {
		flags |= unix.IFF_TAP
	} else {
		flags |= unix.IFF_TUN
	}
	if l.Tun != nil && l.Tun.MultiQueue {
		flags |= unix.IFF_MULTI_QUEUE
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), Field: host.FieldName,
			What: fmt.Sprintf("make %s %s in %s", l.Kind, l.Name, l.NS)}
	}
	failpoint()
	if l.Tun != nil && l.Tun.User != nil {
		if err := unix.IoctlSetInt(fd, unix.TUNSETOWNER, *l.Tun.User); err != nil {
			return fmt.Errorf("set the owner: %w", err)
		}
	}
	if l.Tun != nil && l.Tun.Group != nil {
		if err := unix.IoctlSetInt(fd, unix.TUNSETGROUP, *l.Tun.Group); err != nil {
			return fmt.Errorf("set the group: %w", err)
		}
	}
	failpoint()
	if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1); err != nil {
		return fmt.Errorf("make it persistent: %w", err)
	}
	return nil
}
