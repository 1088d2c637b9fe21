using BlasNet.Memory;

namespace BlasNet.Tests.Memory;

/// <summary>Division by a multiplication, against division.</summary>
public sealed class DivisorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(50)]
    [InlineData(200)]
    [InlineData(10_000)]
    [InlineData(65_537)]
    [InlineData(int.MaxValue - 1)]
    [InlineData(int.MaxValue)]
    public void It_gives_quotient_and_divisibility_of_all_kinds_of_numbers(int value)
    {
        var divisor = new Divisor(value);
        var random = new Random(value);
        long[] near = [.. Enumerable.Range(0, 50).Select(_ => random.NextInt64((int.MaxValue / value) + 1L) * value)];
        int[] numbers = [0, 1, value - 1, value, int.MaxValue - 1, int.MaxValue, .. Enumerable.Range(0, 200).Select(_ => random.Next()),
            .. near.SelectMany(multiple => new[] { multiple - 1, multiple, multiple + 1 }).Where(number => number is >= 0 and <= int.MaxValue).Select(number => (int)number)];

        Assert.All(numbers, number => Assert.Equal((number / value, number % value == 0), (divisor.Divide(number), divisor.Divides(number))));
    }
}
