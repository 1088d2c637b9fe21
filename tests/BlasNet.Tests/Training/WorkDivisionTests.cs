using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>How the examples of a step are divided among workers or ranks.</summary>
public sealed class WorkDivisionTests
{
    [Theory]
    [InlineData("1 1 1 1 1 1", 3, "0 2 4 6")]
    [InlineData("4 1 1 1 1", 2, "0 1 5")]
    [InlineData("1 1 1 1 4", 2, "0 4 5")]
    [InlineData("100 1 1", 3, "0 1 2 3")]
    [InlineData("1 100 1", 3, "0 1 2 3")]
    [InlineData("1 1 100", 3, "0 1 2 3")]
    [InlineData("50 50 1 1 1", 4, "0 1 2 3 5")]
    [InlineData("0 0 0", 3, "0 1 2 3")]
    [InlineData("5 5", 1, "0 2")]
    public void Parts_are_neighbours_of_equal_work_with_an_example_each(string works, int parts, string expected)
    {
        int[] bounds = new int[parts + 1];
        double[] examples = [.. works.Split(' ').Select(text => double.Parse(text, null))];
        WorkDivision.Divide(examples, work => work, bounds);
        Assert.Equal(expected, string.Join(' ', bounds));
    }

    [Fact]
    public void No_part_is_further_from_an_equal_share_than_an_example()
    {
        var random = new Random(5);
        for (int round = 0; round < 500; round++)
        {
            double[] works = [.. Enumerable.Range(0, random.Next(8, 40)).Select(_ => 1.0 + random.Next(9))];
            int[] bounds = new int[random.Next(2, 6)];
            WorkDivision.Divide(works, work => work, bounds);
            double share = works.Sum() / (bounds.Length - 1);
            for (int part = 1; part < bounds.Length; part++)
            {
                Assert.True(bounds[part] > bounds[part - 1]);
                Assert.InRange(works[bounds[part - 1]..bounds[part]].Sum(), share - 10, share + 10);
            }
        }
    }
}
