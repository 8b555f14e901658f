package image

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// Generic netlink and its ethtool family (linux/genetlink.h,
// ethtool_netlink_generated.h).
const (
	genlCtrl             = 0x10
	ctrlCmdGetFamily     = 3
	ctrlAttrFamilyID     = 1
	ctrlAttrFamilyName   = 2
	ethtoolFeaturesGet   = 11
	ethtoolFeaturesSet   = 12
	ethtoolAHeader       = 1
	ethtoolAHeaderIndex  = 1
	ethtoolAHeaderName   = 2
	ethtoolAHeaderFlags  = 3
	ethtoolCompactBitset = 1
	sizeofGenlHdr        = 4
)

// openEthtool finds the number of the ethtool family; 0 where there is none.
func (c *camera) openEthtool() error {
	if c.generic != nil {
		return nil
	}
	s, err := openSocket(unix.NETLINK_GENERIC)
	if err != nil {
		return err
	}
	c.generic = s
	answers, err := s.do(genlCtrl, 0, putText([]byte{ctrlCmdGetFamily, 1, 0, 0}, ctrlAttrFamilyName, "ethtool"))
	if err != nil || len(answers) == 0 || len(answers[0].Data) < sizeofGenlHdr {
		return err
	}
	if id := find(answers[0].Data[sizeofGenlHdr:], ctrlAttrFamilyID); len(id) >= 2 {
		c.ethtool = native.Uint16(id)
	}
	return nil
}

func (c *camera) takeFeatures(img *Image) error {
	err := c.openEthtool()
	if err != nil && !absent(err) {
		return err
	}
	if c.ethtool == 0 {
		img.note("features: the kernel has no ethtool netlink")
		return nil
	}
	head := put32(nil, ethtoolAHeaderFlags, ethtoolCompactBitset)
	list, err := c.generic.dump(c.ethtool, put([]byte{ethtoolFeaturesGet, 1, 0, 0}, ethtoolAHeader|nested, head))
	if err != nil {
		return err
	}
	img.Dumps[secFeatures] = list
	return nil
}

// Messages of NETLINK_XFRM (linux/xfrm.h).
const (
	xfrmGetSA     = 0x12
	xfrmGetPolicy = 0x15
)

func takeXFRM(img *Image) error {
	s, err := openSocket(unix.NETLINK_XFRM)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.close()
	for _, l := range []struct {
		section section
		ask     uint16
		size    int
	}{{secXfrmState, xfrmGetSA, 24}, {secXfrmRule, xfrmGetPolicy, 64}} {
		list, err := s.dump(l.ask, make([]byte, l.size))
		if err != nil {
			img.note("%s: %v", l.section, err)
			continue
		}
		img.Dumps[l.section] = list
	}
	return nil
}

// Messages of nf_tables (linux/netfilter/nf_tables.h), in the numbering of
// nfnetlink: the subsystem, then the message.
const (
	nftGetTable   = 10<<8 | 1
	nftaTableName = 1
	nftaTableFlag = 2
	nftTableOwner = 2
)

// nftPaths are where nft(8) may be: forked by its full name, without the
// caller's environment.
var nftPaths = []string{"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"}

func nftPath() string {
	for _, p := range nftPaths {
		if unix.Access(p, unix.X_OK) == nil {
			return p
		}
	}
	return ""
}

// tableNames asks the kernel which tables there are, and which of them belong
// to a running program: so nothing is forked where there are none (5 ms).
func tableNames() (names map[string]bool, err error) {
	s, err := openSocket(unix.NETLINK_NETFILTER)
	if err != nil {
		if absent(err) {
			err = nil
		}
		return nil, err
	}
	defer s.close()
	list, err := s.dump(nftGetTable, make([]byte, 4))
	if err != nil {
		return nil, nil // a kernel without nf_tables
	}
	names = map[string]bool{}
	for _, m := range list {
		if len(m.Data) < 4 {
			continue
		}
		a := m.Data[4:]
		flags := find(a, nftaTableFlag) // in the order of the net
		names[nftFamilies[m.Data[0]]+" "+cString(find(a, nftaTableName))] = len(flags) == 4 && flags[3]&nftTableOwner != 0
	}
	return names, nil
}

var nftFamilies = map[byte]string{1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}

func takeTables(ctx context.Context, img *Image) error {
	names, err := tableNames()
	if err != nil || len(names) == 0 {
		return err
	}
	if nftPath() == "" {
		img.note("nftables: nft(8) is not installed: %d tables not looked at", len(names))
		return nil
	}
	text, err := nft(ctx, "", "list", "ruleset")
	if err != nil {
		return err
	}
	img.Tables = splitTables(text)
	for i, t := range img.Tables {
		img.Tables[i].Foreign = names[t.Name]
	}
	return nil
}

// nft runs nft(8) in the namespace of the calling thread.
func nft(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, nftPath(), args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Dir = "/"
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(errs.String()); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return "", fmt.Errorf("nft %s: %w", strings.Join(args, " "), err)
	}
	return out.String(), nil
}

// splitTables cuts a ruleset into its tables: each begins and ends at the
// margin.
func splitTables(text string) []Table {
	var list []Table
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(line)
		if strings.TrimRight(line, "\n") != "}" {
			continue
		}
		block := b.String()
		b.Reset()
		for head := range strings.Lines(block) {
			if rest, ok := strings.CutPrefix(head, "table "); ok {
				name, _, _ := strings.Cut(rest, " {")
				list = append(list, Table{Name: strings.TrimSpace(name), Text: block})
				break
			}
		}
	}
	return list
}
