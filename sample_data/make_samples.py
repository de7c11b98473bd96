# ruff: noqa: PLR2004, PLR0915, T201 - a scene is made of numbers and statements, and it is a command
"""Render the demo pictures: produce on a shop scale's steel plate, seen by its camera.

Everything in the pictures is made here: shapes and colours are computed with numpy from a
seed, Blender's Cycles renders them, and a last step adds what a cheap camera does.

    python3.11 -m venv /tmp/bpy && /tmp/bpy/bin/pip install bpy==5.0.1 numpy==1.26.4 pillow==13.0.0
    nice /tmp/bpy/bin/python sample_data/make_samples.py            # all of them
    nice /tmp/bpy/bin/python sample_data/make_samples.py oranges    # some of them
    nice /tmp/bpy/bin/python sample_data/make_samples.py --draft --out /tmp/draft
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray
WIDTH, HEIGHT = 1280, 960


# ---------------------------------------------------------------- numbers


def srgb(code: str) -> Array:
    """A colour like '#ffa500' in linear light."""
    c = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def noise3(p: Array, seed: int = 0) -> Array:
    """Gradient noise in about [-1, 1] at points p (..., 3)."""
    base = np.floor(p).astype(np.int64)
    f = p - base
    w = f * f * f * (f * (f * 6 - 15) + 10)
    total = np.zeros(p.shape[:-1])
    for corner in range(8):
        o = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        q = base + o
        h = (
            q[..., 0] * 374761393
            + q[..., 1] * 668265263
            + q[..., 2] * 2147483647
            + seed * 974634777
        ) & 0xFFFFFFFF
        h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
        h ^= h >> 16
        a = (h & 0xFFFF) / 65535.0 * 2 * math.pi
        z = (h >> 16) / 65535.0 * 2 - 1
        r = np.sqrt(1 - z * z)
        d = f - o
        dot = d[..., 0] * r * np.cos(a) + d[..., 1] * r * np.sin(a) + d[..., 2] * z
        weight = np.ones_like(dot)
        for axis in range(3):
            weight = weight * (w[..., axis] if o[axis] else 1 - w[..., axis])
        total += weight * dot
    return total * 1.5


def fbm(p: Array, seed: int = 0, octaves: int = 4) -> Array:
    out = np.zeros(p.shape[:-1])
    amplitude = 1.0
    for k in range(octaves):
        out += amplitude * noise3(p * 2.0**k + 17.3 * k, seed + k)
        amplitude *= 0.5
    return out / 1.6


def step(x: Array, a: float, b: float) -> Array:
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, t: Array) -> Array:
    t = np.clip(t, 0, 1)[..., None]
    return a * (1 - t) + b * t


# ---------------------------------------------------------------- shapes


def outline(text: str) -> list[tuple[float, float]]:
    """Radius and height of each point of a profile, from the bottom to the top."""
    numbers = [float(word) for word in text.split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


class Body:
    """A closed surface of revolution on a grid: positions, height 0..1, angle, colour."""

    def __init__(
        self, profile: list[tuple[float, float]], scale: float, rows: int = 220, cols: int = 220
    ) -> None:
        pts = np.array(profile, dtype=float)
        for _ in range(4):  # round the corners (Chaikin), keep the ends
            a, b = pts[:-1], pts[1:]
            pts = np.concatenate(
                [
                    pts[:1],
                    np.stack([a * 0.75 + b * 0.25, a * 0.25 + b * 0.75], 1).reshape(-1, 2),
                    pts[-1:],
                ]
            )
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(pts, axis=0).T))])
        s = np.linspace(0, length[-1], rows)
        r, z = np.interp(s, length, pts[:, 0]), np.interp(s, length, pts[:, 1])
        self.t = np.repeat((s / length[-1])[:, None], cols, 1)
        self.th = np.repeat(np.linspace(0, 2 * math.pi, cols, endpoint=False)[None], rows, 0)
        self.r, self.z = (
            np.repeat(r[:, None], cols, 1) * scale,
            np.repeat(z[:, None], cols, 1) * scale,
        )
        self.scale = scale
        self.col = np.zeros((rows, cols, 3))
        self.build()

    def build(self) -> None:
        self.p = np.stack([self.r * np.cos(self.th), self.r * np.sin(self.th), self.z], -1)

    def unit(self, f: float = 1.0) -> Array:
        return self.p / self.scale * f

    def lump(self, amount: float, freq: float, seed: int, octaves: int = 3) -> None:
        """Push the surface in and out by noise."""
        n = fbm(self.unit(freq), seed, octaves)
        centre = np.zeros(3)
        centre[2] = self.z.mean()
        d = self.p - centre
        self.p = (
            self.p
            + d
            / (np.linalg.norm(d, axis=-1, keepdims=True) + 1e-9)
            * (n * amount * self.scale)[..., None]
        )

    def bend(self, radius: float) -> None:
        x, y, z = self.p[..., 0], self.p[..., 1], self.p[..., 2]
        a = z / radius
        self.p = np.stack([radius - (radius - x) * np.cos(a), y, (radius - x) * np.sin(a)], -1)


def mesh_from_grid(name: str, p: Array, col: Array, wrap: bool = True) -> bpy.types.Object:
    rows, cols = p.shape[:2]
    i = np.arange(rows * cols).reshape(rows, cols)
    j = np.roll(i, -1, 1) if wrap else i[:, 1:]
    k = i if wrap else i[:, :-1]
    faces = np.stack([k[:-1], j[:-1], j[1:], k[1:]], -1).reshape(-1, 4)
    me = bpy.data.meshes.new(name)
    me.vertices.add(rows * cols)
    me.vertices.foreach_set("co", p.reshape(-1).astype(np.float32))
    me.loops.add(faces.size)
    me.loops.foreach_set("vertex_index", faces.reshape(-1).astype(np.int32))
    me.polygons.add(len(faces))
    me.polygons.foreach_set("loop_start", (np.arange(len(faces)) * 4).astype(np.int32))
    me.update(calc_edges=True)
    me.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    attr = me.color_attributes.new("Col", "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([col.reshape(-1, 3), np.ones((rows * cols, 1))], 1)
    attr.data.foreach_set("color", rgba.reshape(-1).astype(np.float32))
    ob = bpy.data.objects.new(name, me)
    bpy.context.scene.collection.objects.link(ob)
    return ob


def material(
    name: str,
    rough: float = 0.4,
    coat: float = 0.0,
    sss: float = 0.0,
    sheen: float = 0.0,
    bump: float = 0.0,
    bump_scale: float = 400.0,
    pores: bool = False,
    coat_rough: float = 0.1,
    spec: float = 0.5,
) -> bpy.types.Material:
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    nt = m.node_tree
    b = nt.nodes["Principled BSDF"]
    a = nt.nodes.new("ShaderNodeVertexColor")
    a.layer_name = "Col"
    nt.links.new(a.outputs["Color"], b.inputs["Base Color"])
    b.inputs["Roughness"].default_value = rough
    b.inputs["Coat Weight"].default_value = coat
    b.inputs["Coat Roughness"].default_value = coat_rough
    b.inputs["Specular IOR Level"].default_value = spec
    b.inputs["Subsurface Weight"].default_value = sss
    b.inputs["Subsurface Radius"].default_value = (1.0, 0.5, 0.25)
    b.inputs["Subsurface Scale"].default_value = 0.004
    b.inputs["Sheen Weight"].default_value = sheen
    if bump:
        co = nt.nodes.new("ShaderNodeTexCoord")
        tex = nt.nodes.new("ShaderNodeTexVoronoi" if pores else "ShaderNodeTexNoise")
        tex.inputs["Scale"].default_value = bump_scale
        if pores:
            tex.feature = "SMOOTH_F1"
        bn = nt.nodes.new("ShaderNodeBump")
        bn.inputs["Strength"].default_value = bump
        bn.inputs["Distance"].default_value = 0.0006
        nt.links.new(co.outputs["Object"], tex.inputs["Vector"])
        nt.links.new(tex.outputs["Distance" if pores else "Fac"], bn.inputs["Height"])
        nt.links.new(bn.outputs["Normal"], b.inputs["Normal"])
        if b.inputs["Coat Normal"]:
            nt.links.new(bn.outputs["Normal"], b.inputs["Coat Normal"])
    return m


def tube(
    points: list[tuple[float, float, float]],
    radii: list[float],
    colours: list[str],
    seed: int = 0,
    ridges: int = 0,
) -> tuple[Array, Array]:
    """A stalk through points; returns a grid and its colours."""
    n, m = 60, 32
    pts, t = np.array(points, dtype=float), np.linspace(0, 1, len(points))
    for _ in range(3):
        a, b = pts[:-1], pts[1:]
        pts = np.concatenate(
            [
                pts[:1],
                np.stack([a * 0.75 + b * 0.25, a * 0.25 + b * 0.75], 1).reshape(-1, 3),
                pts[-1:],
            ]
        )
    u = np.linspace(0, 1, n)
    c = np.stack([np.interp(u, np.linspace(0, 1, len(pts)), pts[:, k]) for k in range(3)], 1)
    rad = np.interp(u, t if len(radii) == len(points) else np.linspace(0, 1, len(radii)), radii)
    d = np.gradient(c, axis=0)
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    up = np.array([0.13, 0.97, 0.21])
    x = np.cross(d, up)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.cross(d, x)
    th = np.linspace(0, 2 * math.pi, m, endpoint=False)
    wave = 1 + (0.18 * np.cos(ridges * th) if ridges else 0 * th)
    ring = (
        x[:, None] * (np.cos(th) * wave)[None, :, None]
        + y[:, None] * (np.sin(th) * wave)[None, :, None]
    )
    g = c[:, None] + ring * rad[:, None, None]
    g = np.concatenate([c[None, :1].repeat(1, 0).repeat(m, 1), g, c[None, -1:].repeat(m, 1)], 0)
    uu = np.concatenate([[0], u, [1]])
    cols = np.stack([srgb(k) for k in colours])
    cc = np.stack([np.interp(uu, np.linspace(0, 1, len(cols)), cols[:, k]) for k in range(3)], 1)
    cc = cc[:, None].repeat(m, 1)
    return g, cc * (1 + 0.25 * fbm(g * 300, seed, 2))[..., None]


class Piece:
    """Parts that move together; laid on the plate with a turn."""

    def __init__(self) -> None:
        self.parts: list[tuple[Array, Array, bpy.types.Material, bool]] = []

    def add(self, p: Array, col: Array, mat: bpy.types.Material, wrap: bool = True) -> Piece:
        self.parts.append((p, np.clip(col, 0.0, 1.0), mat, wrap))
        return self

    def place(
        self, x: float, y: float, turn: tuple[float, float, float] = (0, 0, 0), lift: float = 0.0
    ) -> None:
        a, b, c = (math.radians(k) for k in turn)
        rx = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
        ry = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
        rz = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
        rot = rz @ ry @ rx
        low = min((p @ rot.T)[..., 2].min() for p, *_ in self.parts[:1])
        for p, col, mat, wrap in self.parts:
            q = p @ rot.T + np.array([x, y, lift - low])
            q[..., 2] = np.maximum(q[..., 2], 0.0003)
            ob = mesh_from_grid("part", q, col, wrap)
            ob.data.materials.append(mat)


# ---------------------------------------------------------------- produce


def apple(seed: int, kind: str) -> Piece:
    red = kind == "red"
    prof = outline(
        "0 -0.68  0.1 -0.7  0.26 -0.84  0.5 -0.86  0.82 -0.5  1.0 0.05  "
        "0.98 0.45  0.78 0.8  0.45 0.9  0.2 0.76  0.07 0.58  0 0.5"
    )
    if red:
        prof = outline(
            "0 -0.86  0.1 -0.88  0.22 -1.02  0.42 -1.05  0.74 -0.66  0.95 0.0  "
            "1.0 0.5  0.84 0.9  0.5 1.0  0.22 0.84  0.07 0.62  0 0.55"
        )
    b = Body(prof, 0.037)
    low = 1 - step(b.t, 0.15, 0.7)
    b.r = b.r * (
        1
        + (0.1 if red else 0.035) * np.cos(5 * b.th) * low
        + 0.025 * np.cos(5 * b.th + 0.4) * step(b.t, 0.6, 0.95)
    )
    b.build()
    b.lump(0.05, 1.1, seed)
    u = b.unit()
    if red:
        streak = fbm(np.stack([np.cos(b.th) * 9, np.sin(b.th) * 9, b.t * 1.3], -1), seed, 4)
        col = mix(srgb("#7d0a14"), srgb("#a3161c"), 0.5 + 1.1 * streak)
        col = mix(col, srgb("#b9722e"), step(streak + 0.4 * noise3(u, seed), 0.75, 1.3) * 0.4)
        col = mix(col, srgb("#6e7a25"), step(b.t, 0.93, 0.99) * 0.7)
    else:
        col = mix(srgb("#76a51c"), srgb("#97bd35"), 0.5 + 0.8 * fbm(u * 1.3, seed))
        col = mix(col, srgb("#b4c154"), step(fbm(u * 0.8, seed + 5), 0.1, 0.9) * 0.6)
        col = mix(col, srgb("#8a7a35"), step(b.t, 0.955, 0.99) * (0.6 + noise3(u * 8, seed)))
    spots = noise3(u * 19, seed + 9)
    col = mix(col, srgb("#d9d79a" if not red else "#c98a60"), step(spots, 0.62, 0.72) * 0.7)
    col = mix(col, srgb("#3a2c18"), 1 - step(b.t, 0.015, 0.05))
    skin = material("apple", 0.32, 0.55, 0.06, bump=0.03, bump_scale=900, coat_rough=0.16)
    p, c = tube(
        [(0, 0, 0.017), (0.001, 0.001, 0.027), (0.004, 0.002, 0.036), (0.008, 0.003, 0.042)],
        [0.0013, 0.0012, 0.0013, 0.002],
        ["#5a4a22", "#5b3f20", "#46301a"],
        seed,
    )
    return Piece().add(b.p, col, skin).add(p, c, material("stalk", 0.8))


def orange(seed: int) -> Piece:
    b = Body(
        outline(
            "0 -0.93  0.15 -0.95  0.55 -0.9  0.95 -0.5  1.05 0  0.95 0.52  "
            "0.55 0.9  0.16 0.95  0.06 0.91  0 0.9"
        ),
        0.039,
    )
    a, c2, c3, size = "#e86f00", "#f58a0c", "#d95f00", 330.0
    b.lump(0.06, 0.9, seed)
    b.lump(0.012, 5, seed + 3)
    u = b.unit()
    col = mix(srgb(a), srgb(c2), 0.5 + 0.9 * fbm(u * 1.5, seed))
    col = mix(col, srgb(c3), step(fbm(u * 0.7, seed + 4), 0.15, 0.8) * 0.6)
    col = mix(col, srgb(c3) * 0.75, step(noise3(u * 21, seed + 2), 0.45, 0.8) * 0.35)
    col = mix(col, srgb("#5c6420"), step(b.t, 0.978, 0.99))
    col = mix(col, srgb("#6b5a2a"), (1 - step(b.t, 0.006, 0.018)))
    skin = material(
        "orange",
        0.36,
        0.25,
        0.08,
        bump=0.55,
        bump_scale=size,
        pores=True,
        coat_rough=0.25,
    )
    return Piece().add(b.p, col, skin)


def pepper(seed: int, colours: tuple[str, str]) -> Piece:
    b = Body(
        outline(
            "0 -0.92  0.14 -0.95  0.36 -1.12  0.6 -1.1  0.82 -0.7  0.95 0.0  "
            "1.02 0.5  0.92 0.86  0.6 0.95  0.32 0.8  0.14 0.64  0 0.6"
        ),
        0.04,
        250,
        280,
    )
    lobes = 4 if seed % 2 else 3
    groove = np.abs(np.cos(lobes / 2 * (b.th + 0.12 * np.sin(b.th * 2 + seed)))) ** 0.75
    depth = 0.1 + 0.16 * (1 - step(b.t, 0.1, 0.45)) + 0.12 * step(b.t, 0.7, 0.92)
    b.r = b.r * (1 - depth * (1 - groove))
    b.z = (
        b.z
        - 0.014 * (1 - groove) * step(b.t, 0.72, 0.95)
        + 0.012 * (1 - groove) * (1 - step(b.t, 0.05, 0.3))
    )
    b.build()
    b.lump(0.14, 0.8, seed)
    u = b.unit()
    col = mix(srgb(colours[0]), srgb(colours[1]), 0.5 + 0.9 * fbm(u * 1.2, seed))
    col = mix(col, srgb("#6f8a2a"), step(b.t, 0.975, 0.995) * 0.7)
    piece = Piece().add(
        b.p, col, material("pepper", 0.22, 1.0, 0.1, bump=0.04, bump_scale=60, coat_rough=0.06)
    )
    green = material("pepperstalk", 0.5, 0.1, bump=0.1, bump_scale=700)
    z = 0.6 * b.scale
    p, c = tube(
        [
            (0, 0, z - 0.002),
            (0, 0, z + 0.003),
            (0.001, 0.001, z + 0.013),
            (0.006, 0.004, z + 0.027),
            (0.009, 0.006, z + 0.033),
        ],
        [0.015, 0.010, 0.0048, 0.0048, 0.0062],
        ["#4d7a22", "#53822a", "#6b9438", "#7c9c4a"],
        seed,
        ridges=5,
    )
    return piece.add(p, c, green)


def banana(seed: int) -> Piece:
    length = 0.185
    b = Body(
        outline(
            "0 -0.5  0.028 -0.5  0.034 -0.46  0.032 -0.40  0.05 -0.34  "
            "0.088 -0.26  0.098 -0.1  0.1 0.1  0.092 0.26  0.062 0.38  "
            "0.036 0.43  0.03 0.455  0.024 0.46  0 0.46"
        ),
        length,
        300,
        180,
    )
    five = np.cos(5 * b.th) * 0.055 + np.cos(10 * b.th) * 0.008
    b.r = b.r * (1 + five * step(b.t, 0.12, 0.3) * (1 - step(b.t, 0.8, 0.97)))
    b.build()
    u = b.unit(10)
    col = mix(srgb("#e9b90f"), srgb("#f3cf35"), 0.5 + 0.8 * fbm(u * np.array([1, 1, 0.3]), seed))
    ridge = np.cos(5 * b.th) ** 16 * (np.cos(5 * b.th) > 0)
    col = mix(col, srgb("#a98a1e"), ridge * 0.22)
    col = mix(
        col, srgb("#b5b02c"), (1 - step(b.t, 0.1, 0.28)) * 0.75 + step(b.t, 0.86, 0.95) * 0.45
    )
    col = mix(
        col,
        srgb("#7a5a22"),
        step(fbm(u * 3.1 * np.array([1, 1, 0.5]), seed + 7, 3), 0.5, 0.62) * 0.6,
    )
    col = mix(col, srgb("#2a1d10"), step(b.t, 0.945, 0.965))
    col = mix(col, srgb("#6a5122"), 1 - step(b.t, 0.03, 0.055))
    b.bend(0.118 + 0.006 * math.sin(seed * 3.3))
    return Piece().add(b.p, col, material("banana", 0.5, 0.08, 0.06, bump=0.06, bump_scale=250))


def carrot(seed: int) -> Piece:
    rng = np.random.default_rng(seed)
    w = rng.uniform(0.9, 1.12)
    b = Body(
        [
            (0, -1.05),
            (0.015, -1.04),
            (0.03, -0.95),
            (0.07, -0.6),
            (0.11, -0.1),
            (0.15 * w, 0.45),
            (0.175 * w, 0.8),
            (0.165 * w, 0.93),
            (0.1, 1.0),
            (0.05, 0.99),
            (0, 0.98),
        ],
        0.083,
        340,
        150,
    )
    b.lump(0.012, 5, seed)
    u = b.unit(10)
    rings = noise3(np.stack([np.cos(b.th) * 1.2, np.sin(b.th) * 1.2, b.t * 60], -1), seed)
    crease = step(rings, 0.35, 0.7)
    b.p = b.p * (1 - np.stack([crease, crease, 0 * crease], -1) * 0.035)
    col = mix(srgb("#e06a08"), srgb("#f08a1c"), 0.5 + 0.9 * fbm(u * np.array([1, 1, 0.3]), seed))
    col = mix(col, srgb("#a84a08"), crease * 0.55)
    col = mix(col, srgb("#6f7a22"), step(b.t, 0.93, 0.97) * 0.8)
    b.bend(0.5 + 0.2 * rng.random())
    piece = Piece().add(b.p, col, material("carrot", 0.48, 0.12, 0.12, bump=0.12, bump_scale=300))
    for k in range(4):
        top = b.p[-1].mean(0)
        dx, dy = 0.004 * math.cos(k * 1.6 + seed), 0.004 * math.sin(k * 1.6 + seed)
        h = rng.uniform(0.008, 0.016)
        p, c = tube(
            [
                (top[0] + dx * 0.5, top[1] + dy * 0.5, top[2] - 0.002),
                (top[0] + dx, top[1] + dy, top[2] + h * 0.5),
                (top[0] + dx * 1.8, top[1] + dy * 1.8, top[2] + h),
            ],
            [0.0024, 0.0019, 0.0017],
            ["#6f8a2a", "#5d9330", "#88a048"],
            seed + k,
        )
        piece.add(p, c, material("carrottop", 0.6))
    return piece


def zucchini(seed: int) -> Piece:
    b = Body(
        outline(
            "0 -1  0.06 -1.0  0.16 -0.97  0.2 -0.85  0.2 -0.4  0.18 0.2  "
            "0.155 0.7  0.13 0.86  0.115 0.95  0.12 1.08  0.1 1.1  0 1.1"
        ),
        0.105,
        400,
        220,
    )
    b.r = b.r * (1 + 0.02 * np.cos(5 * b.th) + 0.05 * np.cos(5 * b.th) * step(b.t, 0.82, 0.9))
    b.build()
    b.lump(0.012, 2, seed)
    u = b.unit(10)
    col = mix(srgb("#1d4413"), srgb("#33611d"), 0.5 + 0.8 * fbm(u * np.array([1, 1, 0.2]), seed))
    col = mix(col, srgb("#8fb05a"), step(noise3(u * 4.5, seed + 3), 0.42, 0.6) * 0.5)
    col = mix(col, srgb("#6f9040"), step(np.cos(5 * b.th), 0.75, 1.0) * 0.3)
    col = mix(col, srgb("#7d9a4c"), step(b.t, 0.885, 0.91) * 0.9)
    col = mix(col, srgb("#c9cf9a"), step(b.t, 0.975, 0.985))
    return Piece().add(b.p, col, material("zucchini", 0.3, 0.5, 0.03, coat_rough=0.15))


# ---------------------------------------------------------------- the pictures


def scatter(
    make: Callable[[int], Piece],
    spots: list[tuple[float, float, tuple[float, float, float]]],
    seed: int,
) -> None:
    for k, (x, y, turn) in enumerate(spots):
        make(seed + k).place(x / 100, y / 100, turn)


def heap(
    make: Callable[[int], Piece],
    rows: tuple[int, ...],
    dx: float,
    dy: float,
    tilt: tuple[float, float],
    seed: int,
) -> None:
    """Pieces in staggered rows, each turned at random (sizes in cm, tilt in degrees)."""
    rng = np.random.default_rng(seed)
    for i, count in enumerate(rows):
        for k in range(count):
            x = (k - (count - 1) / 2) * dx + rng.uniform(-0.06, 0.06) * dx
            y = (i - (len(rows) - 1) / 2) * dy - 0.5 + rng.uniform(-0.06, 0.06) * dy
            turn = (rng.uniform(*tilt), rng.uniform(-14, 14), rng.uniform(0, 360))
            make(seed + 10 * i + k).place(x / 100, y / 100, turn)


def banana_bunch() -> None:
    turn = math.radians(-64)
    rot = np.array(
        [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    shift = np.array([-0.072, -0.048, 0])
    for k in range(4):
        p, col, m, w = banana(11 + k).parts[0]
        p = p - p[0].mean(0)
        a = math.radians(15 - 13 * k)
        rz = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
        q = np.stack([p[..., 0], p[..., 2], p[..., 1]], -1) @ rz.T  # flat on the plate
        q = q + np.array([0.0085 * (k - 1.5), 0, 0])
        q[..., 2] += 0.0187 + 0.006 * (k % 2)
        mesh_from_grid("banana", q @ rot.T + shift, np.clip(col, 0, 1), w).data.materials.append(m)
    p, c = tube(
        [
            (-0.017, 0.002, 0.02),
            (-0.008, -0.006, 0.021),
            (0.004, -0.009, 0.022),
            (0.017, 0.002, 0.02),
        ],
        [0.0055, 0.0075, 0.0075, 0.0055],
        ["#8d8a34", "#7d7430", "#6a5626", "#8d8a34"],
        4,
    )
    mesh_from_grid("crown", p @ rot.T + shift, np.clip(c, 0, 1)).data.materials.append(
        material("crown", 0.7, bump=0.4, bump_scale=500)
    )


def carton() -> None:
    """A drink carton of no brand, lying on its back."""
    w, h = 1500, 560
    im = Image.new("RGB", (w, h), "#f4f1ea")
    d = ImageDraw.Draw(im)
    d.rectangle((0, 0, w, 90), fill="#1f7a5c")
    d.rectangle((0, h - 60, w, h), fill="#e9b23c")
    for k in range(9):  # a field of oats
        x = 1010 + 50 * k
        d.line((x, 480, x + 30, 170 + 22 * (k % 3)), fill="#b98a2e", width=9)
        for m in range(6):
            y = 180 + 22 * (k % 3) + 26 * m
            d.ellipse((x + 8 - 2 * m, y, x + 32 - 2 * m, y + 38), fill="#d9ad4a")
    d.text((80, 130), "OAT DRINK", fill="#1f7a5c", font=ImageFont.load_default(150))
    d.text((90, 310), "from whole grain", fill="#5a4a2c", font=ImageFont.load_default(70))
    d.text((90, 400), "1 litre", fill="#5a4a2c", font=ImageFont.load_default(60))
    d.ellipse((790, 250, 960, 420), fill="#c8402f")
    d.text((815, 300), "BIO", fill="#ffffff", font=ImageFont.load_default(64))
    skin = bpy.data.images.new("carton", w, h)
    px = np.ones((h, w, 4), dtype=np.float32)
    px[..., :3] = np.asarray(im)[::-1] / 255
    skin.pixels.foreach_set(px.ravel())
    bpy.ops.mesh.primitive_cube_add(size=1, location=(-0.008, -0.004, 0.0355))
    ob = bpy.context.object
    ob.scale = (0.19, 0.071, 0.071)
    ob.rotation_euler = (0, 0, 0.22)
    mod = ob.modifiers.new("round", "BEVEL")
    mod.width, mod.segments = 0.003, 3
    m = bpy.data.materials.new("carton")
    m.use_nodes = True
    nt = m.node_tree
    b = nt.nodes["Principled BSDF"]
    b.inputs["Roughness"].default_value = 0.3
    b.inputs["Coat Weight"].default_value = 0.3
    tex = nt.nodes.new("ShaderNodeTexImage")
    tex.image = skin
    co = nt.nodes.new("ShaderNodeTexCoord")
    nt.links.new(co.outputs["Generated"], tex.inputs["Vector"])
    nt.links.new(tex.outputs["Color"], b.inputs["Base Color"])
    ob.data.materials.append(m)
    cap = Body(outline("0 0  0.9 0  1 0.06  1 0.8  0.92 0.92  0 0.92"), 0.0145)
    cap.r = cap.r * (1 + 0.03 * np.cos(40 * cap.th))
    cap.build()
    Piece().add(cap.p, srgb("#1f7a5c") * np.ones_like(cap.col), material("cap", 0.35)).place(
        0.078, 0.015, (0, 90, 12.6), 0.02
    )


SCENES: dict[str, Callable[[], None]] = {
    "granny-smith": lambda: heap(lambda s: apple(s, "green"), (3, 2), 8.2, 8.0, (10, 60), 3),
    "oranges": lambda: heap(orange, (3, 2), 8.8, 8.4, (20, 120), 31),
    "red-pepper": lambda: heap(
        lambda s: pepper(s, ("#a30d0a", "#c4180e")), (2, 2), 12.0, 9.6, (55, 85), 81
    ),
    "yellow-pepper": lambda: heap(
        lambda s: pepper(s, ("#eba800", "#f7c21a")), (2, 2), 12.0, 9.6, (55, 85), 84
    ),
    "orange-pepper": lambda: heap(
        lambda s: pepper(s, ("#e88208", "#f5981e")), (2, 2), 12.0, 9.6, (55, 85), 95
    ),
    "green-pepper": lambda: heap(
        lambda s: pepper(s, ("#1f5a12", "#34751d")), (2, 2), 12.0, 9.6, (55, 85), 87
    ),
    "bananas": banana_bunch,
    "carrots": lambda: scatter(
        carrot,
        [
            (0, 6.8, (0, 90, 4)),
            (-1, 3.6, (0, 90, -3)),
            (1.0, 0.4, (0, 90, 2)),
            (-0.5, -2.8, (0, 90, 5)),
            (0.8, -6.2, (0, 90, -4)),
        ],
        101,
    ),
    "zucchini": lambda: scatter(zucchini, [(0, 3.0, (0, 90, 8)), (0, -3.0, (0, 90, 184))], 241),
    "carton": carton,
    "empty": lambda: None,
}


# ---------------------------------------------------------------- the scale and its camera


def studio(seed: int, draft: bool) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    sc = bpy.context.scene
    rng = np.random.default_rng(seed)
    sc.render.engine = "CYCLES"
    sc.cycles.device = "CPU"
    sc.cycles.samples = 9 if draft else 12
    sc.cycles.use_adaptive_sampling = True
    sc.cycles.adaptive_threshold = 0.05
    sc.cycles.use_denoising = True
    sc.cycles.denoiser = "OPENIMAGEDENOISE"
    sc.cycles.max_bounces = 6
    sc.cycles.seed = seed % 10000
    sc.render.resolution_x, sc.render.resolution_y = (
        (400, 300) if draft else (WIDTH * 3 // 4, HEIGHT * 3 // 4)
    )
    sc.render.image_settings.file_format = "PNG"
    sc.view_settings.view_transform = "Standard"
    sc.view_settings.exposure = -0.45

    world = bpy.data.worlds.new("shop")
    sc.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.62, 0.66, 0.7, 1)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.42

    def lamp(
        x: float,
        y: float,
        z: float,
        w: float,
        h: float,
        power: float,
        tint: tuple[float, float, float],
    ) -> None:
        li = bpy.data.lights.new("lamp", "AREA")
        li.shape, li.size, li.size_y, li.energy, li.color = "RECTANGLE", w, h, power, tint
        ob = bpy.data.objects.new("lamp", li)
        ob.location = (x, y, z)
        d = np.array([x, y, z])
        ob.rotation_euler = (
            math.acos(d[2] / np.linalg.norm(d)),
            0,
            math.atan2(d[1], d[0]) + math.pi / 2,
        )
        sc.collection.objects.link(ob)

    warm = (1.0, 0.95, 0.88)
    lamp(-0.9 + rng.uniform(-0.1, 0.1), 0.7, 1.5, 0.35, 1.3, 26, warm)
    lamp(0.9, 0.5 + rng.uniform(-0.1, 0.1), 1.6, 0.35, 1.3, 15, (1.0, 0.97, 0.93))
    lamp(0.1, -1.3, 1.4, 0.9, 0.4, 8, (0.92, 0.96, 1.0))

    # brushed steel: fine scratches along x, smudges in the roughness
    steel = bpy.data.materials.new("steel")
    steel.use_nodes = True
    nt = steel.node_tree
    b = nt.nodes["Principled BSDF"]
    b.inputs["Metallic"].default_value = 1.0
    b.inputs["Base Color"].default_value = (0.47, 0.48, 0.49, 1)
    b.inputs["Anisotropic"].default_value = 0.6
    co = nt.nodes.new("ShaderNodeTexCoord")
    mp = nt.nodes.new("ShaderNodeMapping")
    mp.inputs["Scale"].default_value = (6, 900, 1)
    mp.inputs["Location"].default_value = (float(rng.uniform(0, 50)), float(rng.uniform(0, 50)), 0)
    n1 = nt.nodes.new("ShaderNodeTexNoise")
    n1.inputs["Scale"].default_value = 1.0
    n1.inputs["Detail"].default_value = 4
    n2 = nt.nodes.new("ShaderNodeTexNoise")
    n2.inputs["Scale"].default_value = 9.0
    mr = nt.nodes.new("ShaderNodeMapRange")
    mr.inputs["To Min"].default_value, mr.inputs["To Max"].default_value = 0.3, 0.46
    bn = nt.nodes.new("ShaderNodeBump")
    bn.inputs["Strength"].default_value = 0.1
    bn.inputs["Distance"].default_value = 0.0005
    nt.links.new(co.outputs["Object"], mp.inputs["Vector"])
    nt.links.new(mp.outputs["Vector"], n1.inputs["Vector"])
    nt.links.new(co.outputs["Object"], n2.inputs["Vector"])
    nt.links.new(n2.outputs["Fac"], mr.inputs["Value"])
    nt.links.new(mr.outputs["Result"], b.inputs["Roughness"])
    nt.links.new(n1.outputs["Fac"], bn.inputs["Height"])
    nt.links.new(bn.outputs["Normal"], b.inputs["Normal"])
    along = nt.nodes.new("ShaderNodeCombineXYZ")
    along.inputs["X"].default_value = 1.0
    nt.links.new(along.outputs["Vector"], b.inputs["Tangent"])

    def slab(
        w: float, h: float, top: float, thick: float, radius: float, mat: bpy.types.Material
    ) -> None:
        bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, top - thick / 2))
        ob = bpy.context.object
        ob.scale = (w, h, thick)
        bpy.ops.object.transform_apply(scale=True)
        mod = ob.modifiers.new("round", "BEVEL")
        mod.width, mod.segments, mod.limit_method = radius, 5, "ANGLE"
        ob.data.materials.append(mat)

    slab(0.285, 0.215, 0.0, 0.004, 0.0018, steel)
    dark = bpy.data.materials.new("case")
    dark.use_nodes = True
    d = dark.node_tree.nodes["Principled BSDF"]
    d.inputs["Base Color"].default_value = (0.055, 0.058, 0.062, 1)
    d.inputs["Roughness"].default_value = 0.55
    slab(0.5, 0.4, -0.012, 0.05, 0.01, dark)

    cam = bpy.data.cameras.new("cam")
    cam.lens, cam.sensor_width = 50, 36
    ob = bpy.data.objects.new("cam", cam)
    tilt = 0.10 + rng.uniform(-0.02, 0.02)
    ob.location = (rng.uniform(-0.006, 0.006), -0.4 * math.sin(tilt), 0.4 * math.cos(tilt))
    ob.rotation_euler = (tilt, 0, rng.uniform(-0.03, 0.03))
    sc.collection.objects.link(ob)
    sc.camera = ob


def camera(path: Path, out: Path, seed: int) -> None:
    """What the camera adds: softness, vignetting, noise, a white balance slightly off."""
    rng = np.random.default_rng(seed + 1)
    im = Image.open(path).convert("RGB")
    if im.width > WIDTH // 2:  # rendered at three quarters: a shop's camera is no sharper
        im = im.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    x = np.asarray(im).astype(np.float64) / 255
    h, w = x.shape[:2]
    yy, xx = np.mgrid[0:h, 0:w]
    rad = ((xx / w - 0.5) ** 2 + (yy / h - 0.5) ** 2) / 0.5
    x *= (1 - 0.22 * rad)[..., None]
    x *= 1 + rng.uniform(-0.018, 0.018, 3)
    luma = rng.normal(0, 0.011, (h, w, 1))
    chroma = np.asarray(
        Image.fromarray(
            (rng.normal(0, 1, (h // 2, w // 2, 3)) * 20 + 128).clip(0, 255).astype(np.uint8)
        ).resize((w, h), Image.BILINEAR)
    )
    x += luma * (1.15 - x) + (chroma / 255.0 - 0.5) * 0.05
    q = 90
    while True:
        Image.fromarray((x.clip(0, 1) * 255 + 0.5).astype(np.uint8)).save(
            out, quality=q, optimize=True
        )
        if out.stat().st_size <= 280_000 or q <= 60:
            return
        q -= 3


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("names", nargs="*", help="which pictures; all by default")
    ap.add_argument("--out", type=Path, default=Path(__file__).parent)
    ap.add_argument("--draft", action="store_true", help="small and grainy, in seconds")
    a = ap.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    for name in a.names or SCENES:
        began = time.time()
        seed = zlib.crc32(name.encode())
        studio(seed, a.draft)
        SCENES[name]()
        with tempfile.TemporaryDirectory() as tmp:
            png = Path(tmp) / "x.png"
            bpy.context.scene.render.filepath = str(png)
            bpy.ops.render.render(write_still=True)
            camera(png, a.out / f"{name}.jpg", seed)
        print(f"{name}: {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
