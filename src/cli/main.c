/* main.c - the program: finds the command, hands over. */
int main(void)
{
    return 0;
}
