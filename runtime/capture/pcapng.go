// Package capture writes frames as pcapng (draft-ietf-opsawg-pcapng), and tells
// each in a line.
package capture

import (
	"encoding/binary"
	"io"
	"time"

	"vnet/runtime/host"
)

// Blocks and options of pcapng.
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockStats     = 5
	blockPacket    = 6

	byteOrder = 0x1A2B3C4D

	optEnd       = 0
	optUserAppl  = 4 // shb_userappl
	optName      = 2 // if_name
	optTSResol   = 9 // if_tsresol
	optFlags     = 2 // epb_flags
	optReceived  = 4 // isb_ifrecv
	optDropped   = 5 // isb_ifdrop
	nanoseconds  = 9 // 10^-9
	flagInbound  = 1
	flagOutbound = 2
)

// MaxFrame is the most that is kept of a frame.
const MaxFrame = 256 << 10

// A Writer writes one section with an interface for each tap.
type Writer struct {
	w   io.Writer
	buf []byte
}

// NewWriter writes what comes before the packets.
func NewWriter(w io.Writer, taps []host.Tap) (*Writer, error) {
	p := &Writer{w: w}
	p.begin(blockSection)
	p.u32(byteOrder)
	p.u16(1) // version 1.0
	p.u16(0)
	p.u64(1<<64 - 1) // of unknown length
	p.option(optUserAppl, []byte("vnet"))
	p.u32(optEnd)
	if err := p.flush(); err != nil {
		return nil, err
	}
	for _, t := range taps {
		p.begin(blockInterface)
		p.u16(uint16(t.LinkType))
		p.u16(0)
		p.u32(MaxFrame)
		p.option(optName, []byte(t.End.NS+":"+t.End.Name))
		p.option(optTSResol, []byte{nanoseconds})
		p.u32(optEnd)
		if err := p.flush(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Packet writes a frame of an interface, by its place among the taps.
func (p *Writer) Packet(tap int, f host.Frame) error {
	p.begin(blockPacket)
	p.u32(uint32(tap))
	p.time(f.At)
	p.u32(uint32(len(f.Data)))
	p.u32(uint32(f.Size))
	p.padded(f.Data)
	flags := uint32(flagInbound)
	if f.Out {
		flags = flagOutbound
	}
	p.option(optFlags, binary.LittleEndian.AppendUint32(nil, flags))
	p.u32(optEnd)
	return p.flush()
}

// Close writes what the kernel counted. It does not close what is written to.
func (p *Writer) Close(at time.Time, taps []host.Tap) error {
	for i, t := range taps {
		p.begin(blockStats)
		p.u32(uint32(i))
		p.time(at)
		p.option(optReceived, binary.LittleEndian.AppendUint64(nil, t.Received))
		p.option(optDropped, binary.LittleEndian.AppendUint64(nil, t.Dropped))
		p.u32(optEnd)
		if err := p.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Writer) begin(kind uint32) {
	p.buf = p.buf[:0]
	p.u32(kind)
	p.u32(0) // the length, when it is known
}

// flush ends a block with its length and writes it at once: who reads from a
// pipe shall see each packet when it comes.
func (p *Writer) flush() error {
	size := uint32(len(p.buf) + 4)
	binary.LittleEndian.PutUint32(p.buf[4:], size)
	p.u32(size)
	_, err := p.w.Write(p.buf)
	return err
}

func (p *Writer) u16(v uint16) { p.buf = binary.LittleEndian.AppendUint16(p.buf, v) }
func (p *Writer) u32(v uint32) { p.buf = binary.LittleEndian.AppendUint32(p.buf, v) }
func (p *Writer) u64(v uint64) { p.buf = binary.LittleEndian.AppendUint64(p.buf, v) }

// time is a timestamp in the unit of if_tsresol, its upper half first.
func (p *Writer) time(at time.Time) {
	n := uint64(at.UnixNano())
	p.u32(uint32(n >> 32))
	p.u32(uint32(n))
}

func (p *Writer) padded(b []byte) {
	p.buf = append(p.buf, b...)
	for len(p.buf)%4 != 0 {
		p.buf = append(p.buf, 0)
	}
}

func (p *Writer) option(code uint16, value []byte) {
	p.u16(code)
	p.u16(uint16(len(value)))
	p.padded(value)
}
