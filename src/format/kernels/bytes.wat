;; Kernels for byte strings: value i of a column is the bytes from starts[i] to ends[i] behind `src`.
;;
;; Values are copied sixteen bytes at a time, the last step over their end, so sixteen bytes behind every source and
;; every target belong to the caller. Addresses are trusted; lengths that come from a page are not.
(module
  (memory (export "memory") 1 65536)

  ;; A little-endian word of which only the first `length` bytes, fewer than four, belong to a value.
  (func $truncate (param $word i32) (param $length i32) (result i32)
    (i32.and
      (local.get $word)
      (i32.sub (i32.shl (i32.const 1) (i32.shl (local.get $length) (i32.const 3))) (i32.const 1))))

  ;; The order of two values as unsigned bytes, a prefix the lesser: negative, zero or positive.
  (func $compare (param $a i32) (param $a_end i32) (param $b i32) (param $b_end i32) (result i32)
    (local $difference i32)
    (block $ended
      (loop $next
        (br_if $ended (i32.ge_u (local.get $a) (local.get $a_end)))
        (br_if $ended (i32.ge_u (local.get $b) (local.get $b_end)))
        (local.set $difference
          (i32.sub (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))))
        (if (local.get $difference) (then (return (local.get $difference))))
        (local.set $a (i32.add (local.get $a) (i32.const 1)))
        (local.set $b (i32.add (local.get $b) (i32.const 1)))
        (br $next)))
    (i32.sub
      (i32.sub (local.get $a_end) (local.get $a))
      (i32.sub (local.get $b_end) (local.get $b))))

  ;; Copies what is left of a value behind its first sixteen bytes.
  (func $copy_rest (param $from i32) (param $length i32) (param $to i32)
    (local $end i32)
    (if (i32.gt_u (local.get $length) (i32.const 64))
      (then
        (memory.copy (local.get $to) (local.get $from) (local.get $length))
        (return)))
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (loop $next
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (v128.store align=1 (local.get $to) (v128.load align=1 (local.get $from)))
      (br_if $next (i32.lt_u (i32.add (local.get $from) (i32.const 16)) (local.get $end)))))

  ;; Adds the lengths of `count` values to the sums of the blocks that they belong to; block 0xffff is none.
  (func (export "measureBlocks")
    (param $starts i32) (param $ends i32) (param $blocks i32) (param $count i32) (param $sums i32)
    (local $to i32) (local $block i32) (local $sum i32)
    (local.set $to (i32.add (local.get $blocks) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $blocks) (local.get $to)))
        (local.set $block (i32.load16_u (local.get $blocks)))
        (if (i32.ne (local.get $block) (i32.const 0xffff))
          (then
            (local.set $sum (i32.add (local.get $sums) (i32.shl (local.get $block) (i32.const 2))))
            (i32.store
              (local.get $sum)
              (i32.add
                (i32.load (local.get $sum))
                (i32.sub (i32.load (local.get $ends)) (i32.load (local.get $starts)))))))
        (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $blocks (i32.add (local.get $blocks) (i32.const 2)))
        (br $next))))

  ;; Deals `count` values out to the blocks that they belong to. `cursors` has two numbers a block: the address where
  ;; its next value goes, and the one where that value's end goes, relative to `out`.
  (func (export "dealBytes")
    (param $src i32) (param $starts i32) (param $ends i32) (param $blocks i32) (param $count i32)
    (param $cursors i32) (param $out i32)
    (local $to i32) (local $cursor i32) (local $block i32) (local $start i32) (local $length i32)
    (local $at i32) (local $offset i32)
    (local.set $to (i32.add (local.get $blocks) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $blocks) (local.get $to)))
        (local.set $block (i32.load16_u (local.get $blocks)))
        (if (i32.ne (local.get $block) (i32.const 0xffff))
          (then
            (local.set $cursor
              (i32.add (local.get $cursors) (i32.shl (local.get $block) (i32.const 3))))
            (local.set $start (i32.load (local.get $starts)))
            (local.set $length (i32.sub (i32.load (local.get $ends)) (local.get $start)))
            (local.set $start (i32.add (local.get $src) (local.get $start)))
            (local.set $at (i32.load (local.get $cursor)))
            (v128.store align=1 (local.get $at) (v128.load align=1 (local.get $start)))
            (if (i32.gt_u (local.get $length) (i32.const 16))
              (then (call $copy_rest (local.get $start) (local.get $length) (local.get $at))))
            (local.set $at (i32.add (local.get $at) (local.get $length)))
            (local.set $offset (i32.load offset=4 (local.get $cursor)))
            (i32.store (local.get $offset) (i32.sub (local.get $at) (local.get $out)))
            (i32.store (local.get $cursor) (local.get $at))
            (i32.store offset=4 (local.get $cursor) (i32.add (local.get $offset) (i32.const 4)))))
        (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $blocks (i32.add (local.get $blocks) (i32.const 2)))
        (br $next))))

  ;; Writes the rows `rows[0..count)` as PLAIN values, a length before each, to at most `room` bytes from `out` on.
  ;; Returns how many fitted. `result` receives five numbers: the bytes written, then the start and the end of the least
  ;; value and of the greatest one, relative to `src`.
  (func (export "gatherPlain")
    (param $src i32) (param $starts i32) (param $ends i32) (param $rows i32) (param $count i32)
    (param $out i32) (param $room i32) (param $result i32) (result i32)
    (local $i i32) (local $row i32) (local $start i32) (local $end i32) (local $length i32)
    (local $at i32) (local $limit i32) (local $word i32) (local $prefix i32)
    (local $min_prefix i32) (local $min_start i32) (local $min_end i32)
    (local $max_prefix i32) (local $max_start i32) (local $max_end i32)
    (local.set $at (local.get $out))
    (local.set $limit (i32.add (local.get $out) (local.get $room)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $row
          (i32.shl
            (i32.load (i32.add (local.get $rows) (i32.shl (local.get $i) (i32.const 2))))
            (i32.const 2)))
        (local.set $start
          (i32.add (local.get $src) (i32.load (i32.add (local.get $starts) (local.get $row)))))
        (local.set $end
          (i32.add (local.get $src) (i32.load (i32.add (local.get $ends) (local.get $row)))))
        (local.set $length (i32.sub (local.get $end) (local.get $start)))
        (br_if $done
          (i32.gt_u
            (i32.add (i32.add (local.get $at) (local.get $length)) (i32.const 4))
            (local.get $limit)))
        (i32.store align=1 (local.get $at) (local.get $length))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (v128.store align=1 (local.get $at) (v128.load align=1 (local.get $start)))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then (call $copy_rest (local.get $start) (local.get $length) (local.get $at))))
        (local.set $word (i32.load align=1 (local.get $start)))
        (if (i32.lt_u (local.get $length) (i32.const 4))
          (then (local.set $word (call $truncate (local.get $word) (local.get $length)))))
        ;; The first four bytes as a big-endian number decide nearly every comparison.
        (local.set $prefix
          (i32.or
            (i32.and (i32.rotl (local.get $word) (i32.const 8)) (i32.const 0x00ff00ff))
            (i32.and (i32.rotr (local.get $word) (i32.const 8)) (i32.const 0xff00ff00))))
        (if (i32.eqz (local.get $i))
          (then
            (local.set $min_prefix (local.get $prefix))
            (local.set $max_prefix (local.get $prefix))
            (local.set $min_start (local.get $start))
            (local.set $max_start (local.get $start))
            (local.set $min_end (local.get $end))
            (local.set $max_end (local.get $end)))
          (else
            (if (i32.le_u (local.get $prefix) (local.get $min_prefix))
              (then
                (if
                  (i32.lt_s
                    (call $compare
                      (local.get $start) (local.get $end) (local.get $min_start) (local.get $min_end))
                    (i32.const 0))
                  (then
                    (local.set $min_prefix (local.get $prefix))
                    (local.set $min_start (local.get $start))
                    (local.set $min_end (local.get $end))))))
            (if (i32.ge_u (local.get $prefix) (local.get $max_prefix))
              (then
                (if
                  (i32.gt_s
                    (call $compare
                      (local.get $start) (local.get $end) (local.get $max_start) (local.get $max_end))
                    (i32.const 0))
                  (then
                    (local.set $max_prefix (local.get $prefix))
                    (local.set $max_start (local.get $start))
                    (local.set $max_end (local.get $end))))))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $result) (i32.sub (local.get $at) (local.get $out)))
    (i32.store offset=4 (local.get $result) (i32.sub (local.get $min_start) (local.get $src)))
    (i32.store offset=8 (local.get $result) (i32.sub (local.get $min_end) (local.get $src)))
    (i32.store offset=12 (local.get $result) (i32.sub (local.get $max_start) (local.get $src)))
    (i32.store offset=16 (local.get $result) (i32.sub (local.get $max_end) (local.get $src)))
    (local.get $i))

  ;; Walks `count` PLAIN values in the `size` bytes from `page` on and copies them one behind the other from `out` on,
  ;; and where they end to `ends`, plus `base`. Returns the bytes read, or -1 where a value runs past the end.
  (func (export "decodePlain")
    (param $page i32) (param $size i32) (param $count i32) (param $out i32) (param $ends i32)
    (param $base i32) (result i32)
    (local $at i32) (local $to i32) (local $length i32) (local $ends_end i32)
    (local.set $at (local.get $page))
    (local.set $to (i32.add (local.get $page) (local.get $size)))
    (local.set $base (i32.sub (local.get $base) (local.get $out)))
    (local.set $ends_end (i32.add (local.get $ends) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $ends) (local.get $ends_end)))
        (if (i32.lt_u (i32.sub (local.get $to) (local.get $at)) (i32.const 4))
          (then (return (i32.const -1))))
        (local.set $length (i32.load align=1 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (if (i32.gt_u (local.get $length) (i32.sub (local.get $to) (local.get $at)))
          (then (return (i32.const -1))))
        (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $at)))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then (call $copy_rest (local.get $at) (local.get $length) (local.get $out))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (local.set $out (i32.add (local.get $out) (local.get $length)))
        (i32.store (local.get $ends) (i32.add (local.get $out) (local.get $base)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $page)))

  ;; Decodes as decodePlain does, of `count` values only those whose flag is one. Writes one end more than there are values.
  (func (export "decodePlainKept")
    (param $page i32) (param $size i32) (param $count i32) (param $flags i32) (param $out i32)
    (param $ends i32) (param $base i32) (result i32)
    (local $at i32) (local $to i32) (local $length i32) (local $flags_end i32) (local $flag i32)
    (local.set $at (local.get $page))
    (local.set $to (i32.add (local.get $page) (local.get $size)))
    (local.set $base (i32.sub (local.get $base) (local.get $out)))
    (local.set $flags_end (i32.add (local.get $flags) (local.get $count)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $flags) (local.get $flags_end)))
        (if (i32.lt_u (i32.sub (local.get $to) (local.get $at)) (i32.const 4))
          (then (return (i32.const -1))))
        (local.set $length (i32.load align=1 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (if (i32.gt_u (local.get $length) (i32.sub (local.get $to) (local.get $at)))
          (then (return (i32.const -1))))
        (local.set $flag (i32.load8_u (local.get $flags)))
        (local.set $flags (i32.add (local.get $flags) (i32.const 1)))
        ;; What is not kept is copied all the same, and the next value over it.
        (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $at)))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then
            (if (local.get $flag)
              (then (call $copy_rest (local.get $at) (local.get $length) (local.get $out))))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (local.set $out
          (i32.add
            (local.get $out)
            (i32.and (local.get $length) (i32.sub (i32.const 0) (local.get $flag)))))
        (i32.store (local.get $ends) (i32.add (local.get $out) (local.get $base)))
        (local.set $ends (i32.add (local.get $ends) (i32.shl (local.get $flag) (i32.const 2))))
        (br $next)))
    (i32.sub (local.get $at) (local.get $page)))

  ;; Walks `count` PLAIN values in the `size` bytes from `page` on and notes from `places` on where those whose flag is one
  ;; have their length. Most lengths are taken to be `usual`, so that the next place need not wait for one. Writes one
  ;; place more than it notes. Returns the bytes read, or -1 where a value runs past the end, and where it would note the
  ;; next place at `result`.
  (func (export "pickPlain")
    (param $page i32) (param $size i32) (param $count i32) (param $flags i32) (param $places i32)
    (param $usual i32) (param $result i32) (result i32)
    (local $at i32) (local $to i32) (local $length i32) (local $flags_end i32)
    (local.set $at (local.get $page))
    (local.set $to (i32.add (local.get $page) (local.get $size)))
    (local.set $flags_end (i32.add (local.get $flags) (local.get $count)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $flags) (local.get $flags_end)))
        (if (i32.lt_u (i32.sub (local.get $to) (local.get $at)) (i32.const 4))
          (then (return (i32.const -1))))
        (local.set $length (i32.load align=1 (local.get $at)))
        (i32.store (local.get $places) (local.get $at))
        (local.set $places
          (i32.add (local.get $places) (i32.shl (i32.load8_u (local.get $flags)) (i32.const 2))))
        (local.set $flags (i32.add (local.get $flags) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (if (i32.eq (local.get $length) (local.get $usual))
          (then
            (if (i32.gt_u (local.get $usual) (i32.sub (local.get $to) (local.get $at)))
              (then (return (i32.const -1))))
            (local.set $at (i32.add (local.get $at) (local.get $usual)))
            (br $next)))
        (if (i32.gt_u (local.get $length) (i32.sub (local.get $to) (local.get $at)))
          (then (return (i32.const -1))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (br $next)))
    (i32.store (local.get $result) (local.get $places))
    (i32.sub (local.get $at) (local.get $page)))

  ;; Copies the values whose lengths lie at `places[slots[0..count)]` one behind the other from `out` on, and where they end
  ;; to `ends`, plus `base`. The caller has made room for all of them. Returns the bytes written.
  (func (export "gatherPicked")
    (param $places i32) (param $slots i32) (param $count i32) (param $out i32) (param $ends i32)
    (param $base i32) (result i32)
    (local $from i32) (local $length i32) (local $at i32) (local $slots_end i32)
    (local.set $at (local.get $out))
    (local.set $base (i32.sub (local.get $base) (local.get $out)))
    (local.set $slots_end (i32.add (local.get $slots) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $slots) (local.get $slots_end)))
        (local.set $from
          (i32.load
            (i32.add
              (local.get $places)
              (i32.shl (i32.load16_u (local.get $slots)) (i32.const 2)))))
        (local.set $length (i32.load align=1 (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 4)))
        (v128.store align=1 (local.get $at) (v128.load align=1 (local.get $from)))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then (call $copy_rest (local.get $from) (local.get $length) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (i32.store (local.get $ends) (i32.add (local.get $at) (local.get $base)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $slots (i32.add (local.get $slots) (i32.const 2)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $out))))
