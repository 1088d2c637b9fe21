using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

public sealed class DigitsTests
{
    [Fact]
    public void The_embedded_digits_are_split_into_1437_and_360()
    {
        Assert.Equal(1437, Digits.Train.Count);
        Assert.Equal(360, Digits.Test.Count);
        Assert.All(Digits.Train.Concat(Digits.Test), digit => Assert.Equal(Digits.Pixels, digit.Pixels.Length));
    }

    [Fact]
    public void Pixels_are_between_0_and_1_and_both_occur()
    {
        float[] pixels = [.. Digits.Train.SelectMany(digit => digit.Pixels.ToArray())];

        Assert.Equal((0f, 1f), (pixels.Min(), pixels.Max()));
    }

    [Fact]
    public void The_first_rows_of_the_source_come_out_as_they_are_written_there()
    {
        // The first 0 of the file opens the test part (0,0,5,13,9,1,0,0, …, 0), the first 1 the training part (0,0,0,12,13,5,0,0, …, 1).
        Assert.Equal(0, Digits.Test[0].Label);
        Assert.Equal([0, 0, 5 / 16f, 13 / 16f, 9 / 16f, 1 / 16f, 0, 0], Digits.Test[0].Pixels[..8].ToArray());
        Assert.Equal(1, Digits.Train[0].Label);
        Assert.Equal([0, 0, 0, 12 / 16f, 13 / 16f, 5 / 16f, 0, 0], Digits.Train[0].Pixels[..8].ToArray());
    }

    [Fact]
    public void Every_class_has_a_fifth_of_its_digits_in_the_test_part()
    {
        for (int label = 0; label < Digits.Classes; label++)
        {
            int test = Digits.Test.Count(digit => digit.Label == label);
            int all = test + Digits.Train.Count(digit => digit.Label == label);

            Assert.InRange(test, all / 5, all / 5 + 1);
        }
    }

    [Fact]
    public void The_split_keeps_every_digit_once_and_in_order()
    {
        Digit[] digits = [.. Enumerable.Range(0, 23).Select(i => new Digit(new float[] { i }, i * i % 7))];

        DigitSplit split = DigitSplit.EveryFifth(digits);

        Assert.Equal(5, split.Test.Count);
        Assert.Equal(split.Train.OrderBy(Position), split.Train);
        Assert.Equal(split.Test.OrderBy(Position), split.Test);
        Assert.Equal(digits, split.Train.Concat(split.Test).OrderBy(Position));

        static float Position(Digit digit) => digit.Pixels[0];
    }
}
