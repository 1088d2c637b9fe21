using BlasNet.Memory;

namespace BlasNet.Tests.Memory;

public sealed class SegmentTests
{
    /// <summary>Over how many threads an update is divided changes neither what is updated nor how often.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(7), InlineData(64)]
    public void Ranges_are_divided_into_parts_of_nearly_one_length_that_cover_each_element_once(int count)
    {
        var random = new Random(count);
        for (int round = 0; round < 100; round++)
        {
            Segment[] segments = Draw(random);
            List<Segment>[] parts = [.. Enumerable.Range(0, count).Select(_ => new List<Segment> { new(5, 5) })];   // of the time before
            Segment.Split(segments, parts);

            Assert.Equal(Elements(segments), parts.SelectMany(Elements));
            double even = (double)Segment.LengthOf(segments) / count;
            Assert.All(parts, part => Assert.InRange(Elements(part).Count(), Math.Max(0, even - 16), even + 16));
            Assert.All(parts.SelectMany(part => part), segment => Assert.True(segment.Length > 0));
        }
    }

    [Fact]
    public void A_range_that_goes_on_from_the_last_one_makes_that_longer()
    {
        var segments = new List<Segment>();
        foreach (Segment next in new Segment[] { new(2, 3), new(5, 1), new(7, 2), new(9, 4), new(14, 1) })
            Segment.Append(segments, next);

        Assert.Equal([new(2, 4), new(7, 6), new(14, 1)], segments);
        Assert.Equal(11, Segment.LengthOf([.. segments]));
    }

    private static IEnumerable<int> Elements(IEnumerable<Segment> segments) => segments.SelectMany(segment => Enumerable.Range(segment.Start, segment.Length));

    private static Segment[] Draw(Random random)
    {
        var segments = new List<Segment>();
        for (int start = random.Next(3), count = random.Next(1, 8); segments.Count < count; start = segments[^1].End + random.Next(40))
            segments.Add(new Segment(start, 1 + random.Next(1 << random.Next(12))));

        return [.. segments];
    }
}
