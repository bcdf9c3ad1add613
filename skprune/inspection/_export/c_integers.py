"""Layers as C with weights of 8 or 16 bits and sums of whole numbers."""

import numpy as np

from .c_layers import LayersInC
from .integers import WholeBlock, error_bound, is_bounded
from .layers import INPUTS

# Values become multiples of their largest size over 32767, so that none is ever out of range; of
# NaN and infinity all sums become NaN.
ROUND = """static float {name}_round(const float *v, int16_t *q, int n)
{{
    float top = 0.0f;
    for (int i = 0; i < n; i++) if (!(fabsf(v[i]) <= top)) top = fabsf(v[i]) + 0.0f * top;
    if (!(top <= FLT_MAX)) top = (float)NAN;
    for (int i = 0; i < n; i++) q[i] = top > 1e-30f ? (int16_t)lrintf(v[i] / top * 32767.0f) : 0;
    return top / 32767.0f;
}}
"""


class IntegerLayersInC(LayersInC):
    """Writes layers in whole numbers; the values of units are single-precision again."""

    def __init__(self, program, atoms, layout, dtype):
        self._dtype = dtype
        self._whole = [
            {source: WholeBlock.of(block, dtype) for source, block in layer.blocks.items()}
            for layer in program.layers
        ]
        super().__init__(program, atoms, layout)

    def write(self):
        """Write everything; the last layer's values are the outputs ``y``."""
        self._rounded = set()
        super().write()

    def notes(self):
        """What the comment tells of sums and errors."""
        largest = max(
            (block.largest_sum for blocks in self._whole for block in blocks.values()), default=0
        )
        lines = [
            f"Weights have {self._dtype[3:]} bits and a scale a unit, values 16 bits and a scale a "
            f"layer. No sum is larger than {largest} in size ({largest.bit_length() + 1} bits).",
        ]
        if is_bounded(self.program.layers):
            constant, slope = error_bound(self.program.layers, self._whole)
            lines.append(
                f"Rounding moves no output by more than {constant:.6g} + {slope:.6g} M, M being "
                "the largest size of what comes in (after scaling)."
            )
        return lines

    def _layout(self, layer, layout):
        if layout != "auto" or not layer.blocks:
            return layout if layer.blocks else "dense"
        size = int(self._dtype[3:]) // 8
        index = 1 if max(len(block) for block in layer.blocks.values()) <= 256 else 2
        n_weights = sum(np.count_nonzero(block) for block in layer.blocks.values())
        dense = sum(block.size for block in layer.blocks.values()) * size
        sparse = n_weights * (size + index) + len(layer.blocks) * (layer.n_units + 40)
        return "dense" if dense <= sparse else "sparse"

    def _must_gather(self):
        raw = self._raw_columns()
        return any(INPUTS in layer.blocks for layer in self.program.layers) and (
            raw != list(range(len(self.program.inputs)))
        )

    def _is_array(self, number):
        return True

    def _loop(self, number, layer):
        bias = self._table(f"b{number}", layer.bias, "float")
        before, inside = [], []
        for source in sorted(layer.blocks, reverse=True):
            self._round(source)
            of = f"{number}" if len(layer.blocks) == 1 else f"{number}_{source}"
            write = self._dense if self._layouts[number - 1] == "dense" else self._sparse
            first, inner = write(of, source, self._whole[number - 1][source])
            before += first
            inside += inner
        self.lines += [
            *before,
            f"for (int j = 0; j < {layer.n_units}; j++) {{",
            f"    float z = {bias}[j];",
            *(f"    {line}" for line in inside),
            f"    {self._array(number)}[j] = {self._activated(layer.activation, 'z')};",
            "}",
        ]

    def _round(self, source):
        """Make whole numbers of what a layer sees, once."""
        if source in self._rounded:
            return
        self._rounded.add(source)
        values, places = self._seen(source)
        n = len(places)
        self.lines += [
            f"int16_t q{source}[{n}];",
            f"const float m{source} = {self.prefix}_round({values}, q{source}, {n});",
        ]

    def _scaled(self, of, source, block):
        """The statement that adds a sum of whole numbers."""
        if np.ptp(block.scales) == 0:
            scale = self.numbers.number(block.scales[0])
        else:
            scale = f"{self._table(f's{of}', block.scales, 'float')}[j]"
        return f"z += (float)a{source} * {scale} * m{source};"

    def _dense(self, of, source, block):
        n, kind = len(block.numbers), block.sum_type
        table = self._table(f"w{of}", block.numbers.T.ravel(), f"{self._dtype}_t")
        return [], [
            f"{kind} a{source} = 0;",
            f"for (int i = 0; i < {n}; i++) a{source} += ({kind}){table}[j * {n} + i] * "
            f"q{source}[i];",
            self._scaled(of, source, block),
        ]

    def _sparse(self, of, source, block):
        kind = block.sum_type
        units, inputs = np.nonzero(block.numbers.T)
        if not units.size:
            return [], []
        numbers = block.numbers[inputs, units]
        weights = self._table(f"w{of}", numbers, f"{self._dtype}_t")
        at = self._indices(f"i{of}", inputs)
        count = self._indices(f"n{of}", np.bincount(units, minlength=block.numbers.shape[1]))
        return [f"int k{of} = 0;"], [
            f"{kind} a{source} = 0;",
            f"for (int n = {count}[j]; n > 0; n--, k{of}++) "
            f"a{source} += ({kind}){weights}[k{of}] * q{source}[{at}[k{of}]];",
            self._scaled(of, source, block),
        ]
