using BlasNet.Memory;

namespace BlasNet.Tests.Memory;

/// <summary>What two lists of ranges have in common.</summary>
public sealed class SegmentCommonTests
{
    [Fact]
    public void It_is_what_the_elements_say()
    {
        var random = new Random(4);
        for (int round = 0; round < 500; round++)
        {
            (List<Segment> one, bool[] inOne) = NewSegments(random);
            (List<Segment> other, bool[] inOther) = NewSegments(random);
            List<Segment> common = [];
            Segment.AppendCommon(common, one.ToArray(), other.ToArray());

            Assert.All(common.Zip(common.Skip(1)), pair => Assert.True(pair.First.End < pair.Second.Start));   // neighbours are one range
            var inCommon = new bool[inOne.Length];
            foreach (Segment segment in common)
                inCommon.AsSpan(segment.Start, segment.Length).Fill(true);

            Assert.Equal(inOne.Zip(inOther, (a, b) => a && b), inCommon);
        }
    }

    private static (List<Segment> Segments, bool[] Elements) NewSegments(Random random)
    {
        bool[] elements = [.. Enumerable.Range(0, 60).Select(_ => random.Next(3) > 0)];
        List<Segment> segments = [];
        for (int i = 0; i < elements.Length; i++)
        {
            if (elements[i] && (random.Next(4) == 0 || segments.Count == 0 || segments[^1].End != i))
                segments.Add(new Segment(i, 1));   // ranges may touch each other
            else if (elements[i])
                segments[^1] = new Segment(segments[^1].Start, segments[^1].Length + 1);
        }

        return (segments, elements);
    }
}
