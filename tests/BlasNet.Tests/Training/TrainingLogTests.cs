using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class TrainingLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("log.csv", "epoch,loss,accuracy\n1,0.25,0.5\n2,0.125,0.75\n")]
    [InlineData("log.jsonl", """{"epoch":1,"loss":0.25,"accuracy":0.5}""" + "\n" + """{"epoch":2,"loss":0.125,"accuracy":0.75}""" + "\n")]
    public void A_row_is_there_as_soon_as_it_is_written(string name, string expected)
    {
        string path = _folder.File(name);
        using var log = new TrainingLog(path);
        Write(log, 1, 0.25, 0.5);
        Write(log, 2, 0.125, 0.75);

        Assert.Equal(expected, File.ReadAllText(path));
    }

    [Fact]
    public void A_full_disk_is_an_error_that_names_the_log()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        string path = _folder.File("log.csv");
        File.CreateSymbolicLink(path, "/dev/full");
        using var log = new TrainingLog(path);
        Assert.StartsWith($"{path}: cannot be written: ", Assert.Throws<IOException>(() => Write(log, 1, 0.25, 0.5)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log.csv")]
    [InlineData("log.jsonl")]
    public void Wherever_it_was_cut_off_a_resumed_training_continues_it_without_torn_or_double_lines(string name)
    {
        string whole = _folder.File(name);
        using (var log = new TrainingLog(whole))
        {
            for (int epoch = 1; epoch <= 4; epoch++)
                Write(log, epoch, 1.0 / epoch, epoch / 4.0);
        }

        byte[] bytes = File.ReadAllBytes(whole);
        string path = _folder.File("cut-" + name);
        for (int length = 0; length <= bytes.Length; length++)
        {
            string cut = System.Text.Encoding.UTF8.GetString(bytes, 0, length);
            int complete = cut.Count(c => c == '\n') - (name.EndsWith("csv", StringComparison.Ordinal) && cut.Contains('\n', StringComparison.Ordinal) ? 1 : 0);
            int restored = Math.Min(complete, 2);   // the checkpoint is of this epoch
            File.WriteAllText(path, cut);
            using (var log = new TrainingLog(path))
            {
                log.Begin(restored);
                for (int epoch = restored + 1; epoch <= 4; epoch++)
                    Write(log, epoch, 1.0 / epoch, epoch / 4.0);
            }

            Assert.Equal(bytes, File.ReadAllBytes(path));
        }
    }

    [Fact]
    public void What_is_not_a_row_of_a_log_goes()
    {
        string path = _folder.Write("log.jsonl", "{\"epoch\":1,\"loss\":1}\nnot JSON\n[1]\n{\"loss\":2}\n{\"epoch\":2.5}\n{\"epoch\":2,\"loss\":2}\n");
        using var log = new TrainingLog(path);
        log.Begin(1);

        Assert.Equal("{\"epoch\":1,\"loss\":1}\n", File.ReadAllText(path));
    }

    /// <summary>An editor has been there.</summary>
    [Fact]
    public void Ends_of_lines_and_empty_lines_become_ours()
    {
        string path = _folder.Write("log.csv", "epoch,loss\r\n\r\n1,1\r\n  2,2\r\n");
        using var log = new TrainingLog(path);
        log.Begin(1);

        Assert.Equal("epoch,loss\n1,1\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_training_from_the_start_begins_a_new_file()
    {
        string path = _folder.Write("log.csv", "epoch,loss,accuracy\n1,2,3\n");
        using var log = new TrainingLog(path);
        Write(log, 1, 0.25, 0.5);

        Assert.Equal("epoch,loss,accuracy\n1,0.25,0.5\n", File.ReadAllText(path));
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_words_in_csv_and_null_in_json()
    {
        using TrainingLog csv = new(_folder.File("log.csv")), json = new(_folder.File("log.jsonl"));
        Write(csv, 1, double.NaN, double.PositiveInfinity);
        Write(json, 1, double.NaN, double.PositiveInfinity);

        Assert.EndsWith("\n1,NaN,Infinity\n", File.ReadAllText(csv.Path), StringComparison.Ordinal);
        Assert.Equal("{\"epoch\":1,\"loss\":null,\"accuracy\":null}\n", File.ReadAllText(json.Path));
    }

    [Fact]
    public void Other_columns_than_before_are_refused()
    {
        string path = _folder.Write("log.csv", "epoch,loss\n1,2\n");
        using var log = new TrainingLog(path);
        log.Begin(1);

        var error = Assert.Throws<IOException>(() => Write(log, 2, 1, 1));
        Assert.StartsWith($"{path} has the columns epoch,loss; a row of epoch,loss,accuracy does not fit.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Misuse_is_an_error_at_once()
    {
        Assert.Throws<ArgumentException>(() => new TrainingLog(_folder.File("log.txt")));
        Assert.Throws<ArgumentException>(() => new TrainingLog(""));
        using var log = new TrainingLog(Path.Combine(_folder.File("none"), "log.csv"));
        Assert.ThrowsAny<IOException>(() => log.Begin(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Begin(-1));
        Assert.Throws<ArgumentNullException>(() => log.Write(1, null!));
    }

    private static void Write(TrainingLog log, int epoch, double loss, double accuracy) => log.Write(epoch, [new("loss", loss), new("accuracy", accuracy)]);
}
