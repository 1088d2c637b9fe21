using BlasNet.Memory;

namespace BlasNet.Tests.Memory;

public sealed class HashSlotsTests
{
    /// <summary>Also where all hashes are one, or lie at the table's end.</summary>
    [Theory]
    [InlineData(Hashing.Multiplier)]
    [InlineData(0)]
    [InlineData(ulong.MaxValue)]
    public void Every_entry_is_found_again_and_nothing_else(ulong multiplier)
    {
        var slots = new HashSlots();
        foreach (int count in new[] { 10, 500, 3, 60 })
        {
            slots.Clear(count);
            for (int entry = 1; entry <= count; entry++)
            {
                Assert.False(slots.IsFull(entry));
                Find(slots, multiplier, entry) = entry;
            }

            for (int entry = 1; entry <= count; entry++)
                Assert.Equal(entry, Find(slots, multiplier, entry));

            Assert.Equal(0, Find(slots, multiplier, count + 1));
        }
    }

    [Fact]
    public void A_table_is_full_at_three_quarters()
    {
        var slots = new HashSlots();
        slots.Clear(32);

        Assert.False(slots.IsFull(48));
        Assert.True(slots.IsFull(49));
    }

    private static ref int Find(HashSlots slots, ulong multiplier, int entry)
    {
        ref int slot = ref slots.First((ulong)entry * multiplier);
        while (slot != 0 && slot != entry)
            slot = ref slots.Next(ref slot);

        return ref slot;
    }
}
