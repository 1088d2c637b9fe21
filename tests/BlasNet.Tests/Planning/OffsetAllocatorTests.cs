using BlasNet.Planning;

namespace BlasNet.Tests.Planning;

/// <summary>Ranges of an arena: apart, aligned, and no more of them than are needed.</summary>
public sealed class OffsetAllocatorTests
{
    private const int Granule = 16;

    private readonly OffsetAllocator _allocator = new();

    public OffsetAllocatorTests() => _allocator.Clear();

    /// <summary>Against a list of what is in use.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Ranges_in_use_never_overlap_and_the_arena_grows_only_where_nothing_larger_is_free(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            _allocator.Clear();
            var used = new SortedDictionary<long, (long Size, int Block)>();   // by offset
            long peak = 0;
            for (int i = 0; i < 300; i++)
            {
                if (used.Count > 0 && random.Next(5) < 2)
                {
                    var (offset, (_, freed)) = used.ElementAt(random.Next(used.Count));
                    _allocator.Free(freed);
                    used.Remove(offset);
                    continue;
                }

                long length = Length(random), size = Rounded(length), largest = LargestGap(used, peak), end = used.Count == 0 ? 0 : EndOf(used.Last());
                int block = _allocator.Allocate(length);
                long start = _allocator.OffsetOf(block);
                Assert.Equal(0, start % Granule);
                Assert.All(used, other => Assert.True(start + size <= other.Key || EndOf(other) <= start, "two ranges overlap"));
                used.Add(start, (size, block));
                if (2 * size <= largest)
                    Assert.True(start + size <= peak, $"the arena grows for {size}, though {largest} are free in it");
                else if (start + size > peak)
                    Assert.Equal(end, start);   // it grows from where its last range in use ends

                peak = Math.Max(peak, start + size);
                Assert.Equal(peak, _allocator.Peak);
            }

            // Neighbours that are free are one range.
            foreach ((_, int block) in used.Values)
                _allocator.Free(block);

            Assert.Equal(0, _allocator.OffsetOf(_allocator.Allocate(peak)));
            Assert.Equal(peak, _allocator.Peak);
        }
    }

    [Fact]
    public void A_range_that_was_freed_serves_the_next_one_of_its_size_whatever_that_is()
    {
        for (long size = Granule; size < 1 << 24; size += Math.Max(Granule, size / 5 / Granule * Granule))
        {
            _allocator.Clear();
            int first = _allocator.Allocate(size);
            _allocator.Allocate(1);
            _allocator.Free(first);

            Assert.Equal(0, _allocator.OffsetOf(_allocator.Allocate(size)));
        }
    }

    [Fact]
    public void What_is_left_of_a_range_is_used_too()
    {
        int whole = _allocator.Allocate(10 * Granule);
        _allocator.Allocate(1);
        _allocator.Free(whole);

        Assert.Equal([0, 4 * Granule, 7 * Granule], new[] { 4, 3, 3 }.Select(granules => _allocator.OffsetOf(_allocator.Allocate(granules * Granule))));
        Assert.Equal(11 * Granule, _allocator.Peak);
    }

    private static long EndOf(KeyValuePair<long, (long Size, int Block)> range) => range.Key + range.Value.Size;

    private static long Rounded(long length) => Math.Max(1, (length + Granule - 1) / Granule) * Granule;

    // From nothing to some thousands, of all orders of magnitude.
    private static long Length(Random random) => random.Next(1 << random.Next(1, 15));

    private static long LargestGap(SortedDictionary<long, (long Size, int Block)> used, long peak)
    {
        long largest = 0, end = 0;
        foreach (KeyValuePair<long, (long Size, int Block)> range in used)
        {
            largest = Math.Max(largest, range.Key - end);
            end = EndOf(range);
        }

        return Math.Max(largest, peak - end);
    }
}
